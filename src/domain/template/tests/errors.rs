//! Bad templates: where, and what to do.

use super::super::Library;
use super::text;

fn check(table: &[(&str, &str)]) {
    for (template, expected) in table {
        let err = text(template).expect_err(template).to_string();
        assert_eq!(err, format!("test:{expected}"), "{template}");
    }
}

#[test]
fn text_that_is_no_template_says_where() {
    check(&[
        ("a\n  {{ range .list }}x", "2:3: this `range` has no `end`"),
        ("{{ if .x }}{{ else }}{{ else }}{{ end }}", "1:22: there is an `else` already"),
        ("x{{ end }}", "1:2: this `end` closes nothing"),
        ("{{ .a", "1:1: this `{{` is not closed with `}}`"),
        ("{{ \"a }}", "1:4: this text is not closed with \""),
        ("{{/* a }}", "1:1: this comment is not closed with `*/`"),
        ("{{ }}", "1:4: a value is missing behind `{{`"),
        ("{{ $x }}", "1:4: there is no variable $x"),
        ("{{ $name := 1 }}{{ $nam }}", "1:20: there is no variable $nam; did you mean `$name`?"),
        ("{{ toUper .a }}", "1:4: there is no function `toUper`; did you mean `toUpper`?"),
        (
            "{{ template \"__subjct\" . }}",
            "1:13: there is no template \"__subjct\"; did you mean `__subject`?",
        ),
        ("{{ .a | \"b\" }}", "1:9: behind `|` stands a function, not a value"),
        ("{{ (1 }}", "1:7: `)` is expected, not `}}`"),
        ("{{ break }}", "1:1: `break` stands outside of every `range`"),
        ("{{ nil }}", "1:4: `nil` alone is no command"),
        (
            "{{ if true }}{{ define \"a\" }}{{ end }}{{ end }}",
            "1:14: `define` cannot stand inside another block",
        ),
        ("{{ 1x }}", "1:4: `1x` is not a number that fits"),
        ("é {{ .a! }}", "1:8: a name must be followed by a space or an operator"),
    ]);
}

#[test]
fn evaluation_that_fails_says_where() {
    check(&[
        ("\n{{ .text.foo }}", "2:4: string has no field or method .foo"),
        ("{{ eq 1 \"a\" }}", "1:4: eq: int and string do not compare"),
        ("{{ index .list 9 }}", "1:4: index: position 9 is out of range"),
        ("{{ .text 1 }}", "1:4: .text is no method, so it takes no arguments"),
        ("{{ toUpper 1 }}", "1:4: toUpper: text is expected, not int"),
        ("{{ len 3 }}", "1:4: len: int has no length"),
        (
            "{{ .time | tz \"Mars/Base\" }}",
            "1:12: tz: there is no time zone \"Mars/Base\"; one like Europe/Berlin is",
        ),
        ("{{ join \",\" }}", "1:4: join: 2 arguments are expected, not 1"),
    ]);
}

#[test]
fn templates_that_never_end_are_stopped() {
    check(&[
        (
            "{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}",
            "1:29: templates and blocks nest deeper than 200",
        ),
        ("{{ range 9000000 }}{{ end }}", "1:1: the template takes more than 2000000 steps"),
        (
            "{{ $x := \"abcdefgh\" }}{{ range 30 }}{{ $x = print $x $x }}{{ end }}",
            "1:45: print: the text grows beyond 1048576 bytes",
        ),
        (
            "{{ $x := list }}{{ range 99 }}{{ $x = list $x $x }}{{ end }}",
            "1:39: list: a value nests deeper than 32 or has more than 20000 parts",
        ),
        ("{{ range 300000 }}abcd{{ end }}", "1:19: the text grows beyond 1048576 bytes"),
    ]);
    // Every kind of nesting counts, so that the stack holds.
    let inside = r#"{{ range 1 }}{{ with 1 }}{{ if (and 1 (or 0 (len "a"))) }}{{ template "t" }}"#;
    let loops = format!(
        r#"{{{{ define "t" }}}}{inside}{{{{ end }}}}{{{{ end }}}}{{{{ end }}}}{{{{ end }}}}{{{{ template "t" }}}}"#
    );
    assert!(text(&loops).unwrap_err().why.contains("nest deeper than 200"));
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(300), ")".repeat(300));
    assert!(text(&deep).unwrap_err().why.contains("nest deeper than 100"));
    let wide = "x".repeat((1 << 20) + 1);
    assert!(text(&wide).unwrap_err().why.contains("may be 1048576 bytes long"));
}

#[test]
fn an_error_in_a_library_file_names_the_file() {
    let mut library = Library::default();
    library.add("team.tmpl", "{{ define \"team\" }}\n{{ template \"nope\" }}{{ end }}").unwrap();
    let err = library.compile("text", "{{ template \"team\" . }}").unwrap_err();
    assert_eq!(err.to_string(), "team.tmpl:2:13: there is no template \"nope\"");
    let err = library.add("bad.tmpl", "{{ define \"x\" }}").unwrap_err();
    assert_eq!(err.to_string(), "bad.tmpl:1:1: this `define` has no `end`");
}
