//! `%v`, `print`, `println` and `printf`.

use super::check_text;

#[test]
fn values_print_as_go_prints_them() {
    check_text(&[
        ("{{ .list }} {{ .map }} {{ .none }}", "[a b c] map[a:1 b:2] []"),
        (
            "{{ .float }} {{ 1000000.0 }} {{ 1e20 }} {{ 1e21 }} {{ 0.00001 }} {{ 0.0001 }}",
            "2.5 1e+06 1e+20 1e+21 1e-05 0.0001",
        ),
        ("{{ .yes }} {{ .nil }} {{ .int }}", "true <no value> 42"),
        ("{{ .time }}", "2026-03-01 02:05:09.25 +0000 UTC"),
        ("{{ since (index .Alerts 0).StartsAt }}", "1h2m3.25s"),
        ("{{ print 1 2 \"a\" \"b\" 3 }}|{{ println 1 \"a\" }}", "1 2ab3|1 a\n"),
        ("{{ list 1 \"a\" nil }} {{ dict \"k\" 1 }}", "[1 a <nil>] map[k:1]"),
    ]);
}

#[test]
fn printf_knows_gos_verbs() {
    check_text(&[
        (r#"{{ printf "%s %d %v %q %t %%" "a" 1 2.5 "q\"" true }}"#, "a 1 2.5 \"q\\\"\" true %"),
        (r#"{{ printf "%5s|%-5s|%05d|%+d|% d" "a" "b" 42 7 7 }}"#, "    a|b    |00042|+7| 7"),
        (
            r#"{{ printf "%.2f %8.3f %e %g" 3.14159 2.5 1234.5 0.1 }}"#,
            "3.14    2.500 1.234500e+03 0.1",
        ),
        (
            r#"{{ printf "%x %X %#x %o %b %c %U" 255 255 255 8 5 65 65 }}"#,
            "ff FF 0xff 10 101 A U+0041",
        ),
        (r#"{{ printf "%x %.2s %*d" "hi" "héllo" 4 7 }}"#, "6869 hé    7"),
        (r#"{{ printf "%v %s %q" .list .list .list }}"#, r#"[a b c] [a b c] ["a" "b" "c"]"#),
        (r#"{{ printf "%s" .labels }}"#, "alertname=N, b=2, zone=z"),
        (r#"{{ .text | printf "%s-%s" "x" }}"#, "x-hello"),
        (r#"{{ printf "%T %T" 1 "a" }}"#, "int string"),
        (r#"{{ printf "%-6.2f|%+.1e|%06.1f" 1.0 12345.678 -2.5 }}"#, "1.00  |+1.2e+04|-002.5"),
    ]);
}

#[test]
fn printf_reports_its_errors_in_the_text() {
    check_text(&[
        (r#"{{ printf "%d" "a" }}"#, "%!d(string=a)"),
        (r#"{{ printf "%s" 5 }}"#, "%!s(int=5)"),
        (r#"{{ printf "%s" }}"#, "%!s(MISSING)"),
        (r#"{{ printf "%s" .nil }}"#, "%!s(<nil>)"),
        (r#"{{ printf "a" 1 "b" }}"#, "a%!(EXTRA int=1, string=b)"),
        (r#"{{ printf "50%" }}"#, "50%!(NOVERB)"),
        (r#"{{ printf "%z" 5 }}"#, "%!z(int=5)"),
        (r#"{{ printf "%d" .list }}"#, "[%!d(string=a) %!d(string=b) %!d(string=c)]"),
    ]);
}
