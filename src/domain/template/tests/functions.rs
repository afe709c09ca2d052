//! Go's functions and Alertmanager's.

use super::check_text;

#[test]
fn functions_on_text() {
    check_text(&[
        ("{{ .text | toUpper }} {{ toLower \"ABC\" }} [{{ trimSpace \" x \" }}]", "HELLO abc [x]"),
        ("{{ title \"hello WORLD foo-bar foo_bar don't\" }}", "Hello World Foo-Bar Foo_bar Don't"),
        ("{{ join \", \" .list }} {{ .list | join \"\" }}", "a, b, c abc"),
        ("{{ match \"^h.*o$\" .text }} {{ match \"x\" .text }}", "true false"),
        (r#"{{ reReplaceAll "(l+)" "<$1>" .text }}"#, "he<ll>o"),
        (r#"{{ reReplaceAll "(?P<v>[aeiou])" "${v}$v$$" "hello" }}"#, "hee$lloo$"),
        (r#"{{ reReplaceAll "" "-" "ab" }}"#, "-a-b-"),
        ("{{ slice .text 1 3 }} {{ len .text }} {{ index .text 0 }}", "el 5 104"),
    ]);
}

#[test]
fn functions_on_collections() {
    check_text(&[
        ("{{ index .list 1 }} {{ index .map \"b\" }} {{ index .labels \"zone\" }}", "b 2 z"),
        ("{{ slice .list 1 }} {{ slice .list 0 1 }}", "[b c] [a]"),
        ("{{ $l := list 1 2 }}{{ $l = append $l 3 }}{{ len $l }} {{ index $l 2 }}", "3 3"),
        ("{{ (dict \"a\" 1 \"b\" (list 2)).b }}", "[2]"),
        ("{{ stringSlice \"x\" \"y\" | len }}", "2"),
        ("{{ routeLabels \"tier\" }}[{{ routeLabels \"nope\" }}]", "one[]"),
    ]);
}

#[test]
fn functions_that_encode() {
    check_text(&[
        ("{{ html .evil }}", "&lt;b onclick=&#39;x&#39;&gt;&#34;a&#34; &amp; b+c&lt;/b&gt;"),
        (r#"{{ js "it's <a> = \"b\"" }}"#, r#"it\'s \u003Ca\u003E \u003D \"b\""#),
        ("{{ urlquery \"a b/c?d=é+\" }}", "a+b%2Fc%3Fd%3D%C3%A9%2B"),
        ("{{ urlUnescape \"a+b%2Fc\" }}", "a b/c"),
        ("{{ base64encode \"a?>~\" }} {{ base64decode \"YT8-fg==\" }}", "YT8-fg== a?>~"),
        (
            r#"{{ toJson (dict "a" (list 1 "<x>" nil true 2.5)) }}"#,
            r#"{"a":[1,"\u003cx\u003e",null,true,2.5]}"#,
        ),
        ("{{ toJson .labels }}", r#"{"alertname":"N","b":"2","zone":"z"}"#),
        ("{{ toJson .time }}", r#""2026-03-01T02:05:09.25Z""#),
        ("{{ (index .Alerts 0 | toJson) | slice | len | lt 100 }}", "true"),
        ("{{ safeHtml \"<b>\" }} {{ safeUrl \"javascript:x\" }}", "<b> javascript:x"),
    ]);
}

#[test]
fn functions_on_time() {
    check_text(&[
        ("{{ now.Format \"15:04:05\" }}", "02:05:09"),
        ("{{ .time | date \"Mon Jan _2 15:04:05 2006\" }}", "Sun Mar  1 02:05:09 2026"),
        (
            "{{ .time | date \"Monday, 02-Jan-06 03:04 PM MST -0700 .000\" }}",
            "Sunday, 01-Mar-26 02:05 AM UTC +0000 .250",
        ),
        (
            "{{ .time | tz \"Europe/Berlin\" | date \"2006-01-02 15:04:05 MST Z07:00\" }}",
            "2026-03-01 03:05:09 CET +01:00",
        ),
        ("{{ .time | tz \"America/New_York\" }}", "2026-02-28 21:05:09.25 -0500 EST"),
        (
            "{{ .time.Format \"2006-01-02T15:04:05.999Z07:00 002 1/2/06 3pm\" }}",
            "2026-03-01T02:05:09.25Z 060 3/1/26 2am",
        ),
        ("{{ since (index .Alerts 0).StartsAt | humanizeDuration }}", "1h 2m 3s"),
        (
            "{{ humanizeDuration 90061 }} {{ humanizeDuration 12.3456 }} {{ humanizeDuration 0.05 }}",
            "1d 1h 1m 1s 12.35s 50ms",
        ),
        ("{{ (.time.Add 28800e9).Format \"15:04\" }}", "10:05"),
        ("{{ (since (index .Alerts 0).StartsAt).Round 60e9 }}", "1h2m0s"),
        ("{{ (since (index .Alerts 0).StartsAt).Truncate 3600e9 }}", "1h0m0s"),
        ("{{ humanizeDuration \"-61\" }} {{ humanizeDuration 0 }}", "-1m 1s 0s"),
        ("{{ (toDate \"2006-01-02 15:04 -0700\" \"2026-03-01 03:05 +0100\").Unix }}", "1772330700"),
        ("{{ toDate \"2006\" \"soon\" }}", "0001-01-01 00:00:00 +0000 UTC"),
        (
            "{{ mustToDate \"Jan 2, 2006 at 3:04pm\" \"Mar 1, 2026 at 2:05am\" | date \"2006-01-02T15:04\" }}",
            "2026-03-01T02:05",
        ),
        (
            "{{ (.time.Sub now).String }} {{ .time.Year }} {{ .time.Month }} {{ .time.Weekday }}",
            "0s 2026 March Sunday",
        ),
    ]);
}

#[test]
fn json_names_the_fields_of_alerts_as_alertmanager_does() {
    check_text(&[
        (
            "{{ index .Alerts 2 | toJson }}",
            concat!(
                r#"{"annotations":{"summary":"p99 is 2s \u0026 rising"},"#,
                r#""endsAt":"0001-01-01T00:00:00Z","fingerprint":"00c0ffee00c0ffee","#,
                r#""generatorURL":"http://prometheus/graph?g0.expr=up\u0026g0.tab=1","#,
                r#""labels":{"alertname":"Slow","cluster":"a","instance":"web-3"},"#,
                r#""startsAt":"2026-03-01T01:03:06Z","status":"resolved"}"#
            ),
        ),
        (
            "{{ toJson .labels.SortedPairs }}",
            concat!(
                r#"[{"Name":"alertname","Value":"N"},{"Name":"b","Value":"2"},"#,
                r#"{"Name":"zone","Value":"z"}]"#
            ),
        ),
        ("{{ toJson (dict \"A\" 1e21 \"b\" 0.5) }}", r#"{"A":1e+21,"b":0.5}"#),
    ]);
}
