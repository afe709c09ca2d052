//! Delimiters, markers, comments, constants, names.

use super::check_text;

#[test]
fn markers_trim_the_white_space_next_to_them() {
    check_text(&[
        ("a {{ 1 }} b", "a 1 b"),
        ("a {{- 1 }} b", "a1 b"),
        ("a {{ 1 -}} b", "a 1b"),
        ("a \n\t{{- 1 -}} \r\n b", "a1b"),
        ("{{23 -}} < {{- 45}}", "23<45"),
        ("{{- -3 }}", "-3"),
        ("{{ 3 -}}  {{- 4 }}", "34"),
        ("{{-3}}", "-3"),
        ("{{ .text\n}}", "hello"),
    ]);
}

#[test]
fn comments_leave_nothing() {
    check_text(&[
        ("a{{/* note */}}b", "ab"),
        ("a {{- /* two\nlines */ -}} b", "ab"),
        ("{{/* }} */}}x", "x"),
    ]);
}

#[test]
fn constants_are_those_of_go() {
    check_text(&[
        ("{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }}", "31 5 15 15 1000"),
        ("{{ 1.50 }} {{ 1e3 }} {{ 1e+21 }} {{ .5 }}", "1.5 1000 1e+21 0.5"),
        ("{{ 'a' }} {{ '\\n' }} {{ '世' }}", "97 10 19990"),
        (r#"{{ "tab\tquote\"hex\x41uni\u00e9oct\101" }}"#, "tab\tquote\"hexAuniéoctA"),
        ("{{ `raw\\n\"}}` }}", "raw\\n\"}}"),
        ("{{ true }} {{ false }}", "true false"),
    ]);
}

#[test]
fn variables_live_to_the_end_of_their_block() {
    check_text(&[
        ("{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}", "12"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ with $x := .text }}{{ $x }}{{ end }}", "hello"),
        ("{{ if $x := .none }}{{ else }}{{ len $x }}{{ end }}", "0"),
        ("{{ with .map }}{{ $.text }} {{ .a }}{{ end }}", "hello 1"),
        ("{{ $m := .map }}{{ $m.b }}", "2"),
    ]);
}
