//! Blocks, truth, ranges, fields and methods.

use super::check_text;

#[test]
fn truth_is_gos_truth() {
    check_text(&[
        ("{{ if .text }}y{{ else }}n{{ end }}", "y"),
        ("{{ if .empty }}y{{ else }}n{{ end }}", "n"),
        ("{{ if .zero }}y{{ else if .int }}i{{ else }}n{{ end }}", "i"),
        ("{{ if .nil }}y{{ else }}n{{ end }}", "n"),
        ("{{ if .none }}y{{ else }}n{{ end }}", "n"),
        ("{{ if .time }}y{{ end }}", "y"),
        ("{{ if and .yes .text }}y{{ end }}", "y"),
        ("{{ with .empty }}y{{ else with .text }}{{ . }}{{ else }}n{{ end }}", "hello"),
        ("{{ and .zero .text }} {{ or .zero .text }} {{ not .no }}", "0 hello true"),
        // The rest is not evaluated once the answer is known.
        ("{{ or true (index .list 9) }} {{ and false (index .list 9) }}", "true false"),
    ]);
}

#[test]
fn ranges_walk_in_order_and_can_be_left() {
    check_text(&[
        ("{{ range .list }}{{ . }},{{ end }}", "a,b,c,"),
        ("{{ range $i, $v := .list }}{{ $i }}{{ $v }}{{ end }}", "0a1b2c"),
        ("{{ range $v := .list }}{{ $v }}{{ end }}", "abc"),
        ("{{ range $k, $v := .map }}{{ $k }}{{ $v }}{{ end }}", "a1b2"),
        ("{{ range $k, $v := .labels }}{{ $k }}={{ $v }};{{ end }}", "alertname=N;b=2;zone=z;"),
        ("{{ range .none }}x{{ else }}none{{ end }}", "none"),
        ("{{ range .nil }}x{{ else }}none{{ end }}", "none"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range .list }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "ac"),
        ("{{ range .list }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "a"),
        ("{{ $last := \"\" }}{{ range .list }}{{ $last = . }}{{ end }}{{ $last }}", "c"),
        ("{{ $i := 0 }}{{ range $i, $_ := .list }}{{ end }}{{ $i }}", "0"),
        (
            "{{ range .labels.SortedPairs }}{{ .Name }}:{{ .Value }} {{ end }}",
            "alertname:N b:2 zone:z ",
        ),
    ]);
}

#[test]
fn templates_see_only_what_they_are_given() {
    check_text(&[
        (r#"{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .text }}"#, "<hello>"),
        (r#"{{ template "t" }}{{ define "t" }}<{{ . }}>{{ end }}"#, "<<no value>>"),
        (r#"{{ define "t" }}{{ $ }}{{ end }}{{ template "t" 5 }}"#, "5"),
        (r#"{{ block "b" .map }}{{ .a }}{{ end }}"#, "1"),
        // A blank definition replaces nothing.
        (r#"{{ define "t" }}full{{ end }}{{ define "t" }} {{ end }}{{ template "t" }}"#, "full"),
        (r#"{{ define "__alertmanager" }}own{{ end }}{{ template "__alertmanager" . }}"#, "own"),
    ]);
}

#[test]
fn missing_keys_are_empty_in_labels_and_no_value_in_maps() {
    check_text(&[
        ("[{{ .labels.nope }}]", "[]"),
        ("[{{ .map.nope }}]", "[<no value>]"),
        ("[{{ .nil.deep.down }}]", "[<no value>]"),
        ("{{ print .map.nope }}", "<nil>"),
        ("{{ if .labels.nope }}y{{ else }}n{{ end }}", "n"),
        ("{{ eq .labels.nope \"\" }} {{ eq .map.nope \"x\" }}", "true false"),
    ]);
}

#[test]
fn labels_pairs_lists_and_alerts_have_their_methods() {
    check_text(&[
        ("{{ .labels.Names }} {{ .labels.Values }}", "[alertname b zone] [N 2 z]"),
        ("{{ .labels.SortedPairs.Values | join \"-\" }}", "N-2-z"),
        ("{{ .labels.SortedPairs }}", "alertname=N, b=2, zone=z"),
        ("{{ .labels }}", "alertname=N, b=2, zone=z"),
        (r#"{{ .labels.Remove (stringSlice "b" "zone") }}"#, "alertname=N"),
        (r#"{{ (.labels.Remove (stringSlice "b")).Names.Join "+" }}"#, "alertname+zone"),
        (r"{{ (index .labels.SortedPairs 0).Name }}", "alertname"),
        ("{{ len .Alerts }} {{ len .Alerts.Firing }} {{ .Alerts.Resolved | len }}", "3 2 1"),
        ("{{ (index .Alerts 0).Labels.instance }}", "web-1"),
        ("{{ .time.Format \"2006-01-02\" }} {{ .time.Unix }}", "2026-03-01 1772330709"),
        ("{{ (.time.Sub (index .Alerts 0).StartsAt).Hours | printf \"%.2f\" }}", "1.03"),
    ]);
}

#[test]
fn values_compare_within_their_kind() {
    check_text(&[
        ("{{ eq 1 1 }} {{ eq 1 2 3 1 }} {{ eq .text \"a\" \"hello\" }}", "true true true"),
        (
            "{{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 2.5 1.5 }} {{ ge \"b\" \"a\" }}",
            "true true true true true",
        ),
        ("{{ eq .nil nil }} {{ eq .yes true }}", "true true"),
        ("{{ gt (since (index .Alerts 0).StartsAt) 3600000000000 }}", "true"),
    ]);
}
