//! Templates say the same as in Alertmanager: amtool and incidentctl render the same ones.

use std::path::Path;
use std::process::Command;

use crate::program::{Said, find, run};

const DATA: &str = r#"{
  "receiver": "db\\.mail", "status": "firing", "externalURL": "http://alerts.example.org",
  "groupLabels": {"alertname": "Slow", "zone": "<a>"},
  "commonLabels": {"alertname": "Slow", "severity": "high", "zone": "<a>"},
  "commonAnnotations": {"summary": "it's \"slow\" & late"},
  "alerts": [
    {"status": "firing", "labels": {"alertname": "Slow", "node": "n2"},
     "annotations": {"summary": "one"}, "startsAt": "2026-03-01T10:00:00Z",
     "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p/graph?a=b&c", "fingerprint": "f1"},
    {"status": "resolved", "labels": {"alertname": "Slow", "node": "n1", "job": "j"},
     "annotations": {}, "startsAt": "2026-03-01T09:00:00Z", "endsAt": "2026-03-01T10:30:00.5Z",
     "generatorURL": "", "fingerprint": "f2"}
  ]
}"#;

const FILE: &str = r#"{{ define "line" }}{{ .Labels.node }} {{ .Status | toUpper }}{{ end }}
{{ define "lines" }}{{ range . }}{{ template "line" . }};{{ end }}{{ end }}"#;

/// Functions that came after Debian's 0.25 are left out, and text inside of scripts, which later
/// releases of Go escape in another way.
const TEMPLATES: [&str; 26] = [
    "plain",
    "{{ .Receiver }} {{ .Status }} {{ .ExternalURL }}",
    r#"{{ template "lines" .Alerts }}"#,
    r#"{{ template "lines" .Alerts.Firing }}|{{ template "lines" .Alerts.Resolved }}"#,
    "{{ len .Alerts }} {{ .Alerts.Firing | len }}",
    r"{{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}",
    r#"{{ .CommonLabels.Names | join "," }} {{ .CommonLabels.Values | join "," }}"#,
    r#"{{ (.CommonLabels.Remove (stringSlice "severity")).Names | join "," }}"#,
    r#"{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join " " }}"#,
    "{{ .CommonLabels.nothing }}",
    "{{ .CommonAnnotations.summary }}",
    "<a href=\"{{ .CommonAnnotations.summary }}\" title='{{ .GroupLabels.zone }}'>x</a>",
    "<a href=\"{{ (index .Alerts 0).GeneratorURL }}\">{{ .CommonAnnotations.summary }}</a>",
    "<script>var x = {{ len .Alerts }};</script>",
    "{{ .GroupLabels.zone | safeHtml }}",
    r#"{{ "some words" | title }} {{ "ABC" | toLower }}"#,
    r#"{{ reReplaceAll "(S)lo" "$1-" .GroupLabels.alertname }}"#,
    r#"{{ match "^S.*w$" .GroupLabels.alertname }} {{ match "x" "y" }}"#,
    r#"{{ printf "%q %5d|%-5s|%.2f|%v" "a" 42 "b" 1.5 true }}"#,
    r#"{{ if and (eq .Status "firing") (gt (len .Alerts) 1) }}many{{ else }}few{{ end }}"#,
    r"{{ with .CommonLabels.severity }}has {{ . }}{{ else }}none{{ end }}",
    r"{{ (index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt }}",
    r#"{{ (index .Alerts 0).StartsAt.Format "2006-01-02 15:04 MST" }}"#,
    r"{{ range $i, $a := .Alerts }}{{ $i }}:{{ $a.Fingerprint }} {{ end }}",
    r#"{{ define "own" }}[{{ . }}]{{ end }}{{ template "own" "x" }}{{- /* quiet */ -}}  end"#,
    r#"{{ urlquery "a b&c" }} {{ html "<b>" }} {{ js "it's" }}"#,
];

/// Templates that fail; what is said about it differs.
const BROKEN: [&str; 3] = ["{{ .x", r#"{{ template "none" . }}"#, "{{ index .Alerts 9 }}"];

fn render(program: &Path, folder: &Path, kind: &str, text: &str) -> Said {
    let glob = format!("--template.glob={}", folder.join("*.tmpl").display());
    let data = format!("--template.data={}", folder.join("data.json").display());
    let (kind, text) = (format!("--template.type={kind}"), format!("--template.text={text}"));
    run(Command::new(program).args(["template", "render"]).args([glob, data, kind, text]))
}

#[test]
fn templates_say_the_same_as_in_alertmanager() {
    let Some(amtool) = find("amtool") else { return };
    let ours = Path::new(env!("CARGO_BIN_EXE_incidentctl"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.json"), DATA).unwrap();
    std::fs::write(folder.path().join("lines.tmpl"), FILE).unwrap();
    for kind in ["text", "html"] {
        for text in TEMPLATES {
            let said = render(ours, folder.path(), kind, text);
            let theirs = render(&amtool, folder.path(), kind, text);
            assert_eq!((said.code, &*said.err), (Some(0), ""), "{kind}: {text}");
            assert_eq!((theirs.code, theirs.out), (said.code, said.out), "{kind}: {text}");
        }
        for text in BROKEN {
            let said = render(ours, folder.path(), kind, text);
            let theirs = render(&amtool, folder.path(), kind, text);
            assert!(said.code != Some(0) && theirs.code != Some(0), "{kind}: {text}");
            assert!(said.out.is_empty() && !said.err.is_empty(), "{kind}: {text}");
        }
    }
}
