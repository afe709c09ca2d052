//! No text makes compiling or rendering panic.

use proptest::prelude::*;

use super::{html, text};

/// Pieces that templates are made of, so that many texts get past the parser.
fn piece() -> impl Strategy<Value = String> {
    let known: Vec<&'static str> = vec![
        "{{",
        "}}",
        "{{-",
        "-}}",
        " ",
        "\n",
        "|",
        "(",
        ")",
        ",",
        ":=",
        "=",
        ".",
        "$",
        "$x",
        ".Alerts",
        ".Firing",
        ".labels",
        ".SortedPairs",
        ".Values",
        ".list",
        ".map",
        ".time",
        ".evil",
        ".nil",
        "\"a\"",
        "`b`",
        "'c'",
        "1",
        "-2.5",
        "1e300",
        "0x7fffffffffffffff",
        "-0x8000000000000000",
        ".Round ",
        ".Add ",
        ".Sub ",
        "range ",
        "if ",
        "with ",
        "else",
        "end",
        "define ",
        "template ",
        "block ",
        "break",
        "continue",
        "\"__subject\"",
        "printf ",
        "\"%*.*d%v%q\"",
        "eq ",
        "index ",
        "slice ",
        "join ",
        "title ",
        "date ",
        "toJson ",
        "humanizeDuration ",
        "reReplaceAll ",
        "tz ",
        "now",
        "since ",
        "dict ",
        "append ",
        "list ",
        "<a href=\"",
        "\">",
        "<script>",
        "</script>",
        "<style>",
        "<!--",
        "-->",
        "'",
        "/",
        "url(",
        "é",
        "\0",
        "{{ $x := 1 }}",
        "{{ end }}",
        "{{ range .list }}",
        "{{ .evil }}",
    ];
    prop_oneof![
        8 => proptest::sample::select(known).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text_is_rendered_or_refused(pieces in prop::collection::vec(piece(), 0..24)) {
        let template = pieces.concat();
        let _ = text(&template);
        let _ = html(&template);
    }

    #[test]
    fn random_actions_are_rendered_or_refused(pieces in prop::collection::vec(piece(), 0..8)) {
        let template = format!("{{{{ {} }}}}", pieces.join(" "));
        let _ = text(&template);
        let _ = html(&template);
    }

    #[test]
    fn random_layouts_format_and_parse(layout in "[ 0-9_.,:ZJanMonPMTS+-]{0,24}", value in any::<i64>()) {
        let zone = jiff::tz::TimeZone::UTC;
        let at = super::Timestamp(value);
        let written = super::super::date::format(at, &zone, &layout);
        let _ = super::super::date::parse(&layout, &written);
    }
}
