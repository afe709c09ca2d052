//! Contextual escaping.

use super::check_html;

#[test]
fn text_is_escaped_unless_it_is_safe() {
    check_html(&[
        (
            "<p>{{ .evil }}</p>",
            "<p>&lt;b onclick=&#39;x&#39;&gt;&#34;a&#34; &amp; b&#43;c&lt;/b&gt;</p>",
        ),
        ("<p>{{ safeHtml \"<i>x</i>\" }}</p>", "<p><i>x</i></p>"),
        ("{{ html \"a&b\" }} {{ \"a&b\" | html }}", "a&amp;b a&amp;b"),
        ("[{{ .nil }}]", "[]"),
        (
            "<title>{{ .evil }}</title>",
            "<title>&lt;b onclick=&#39;x&#39;&gt;&#34;a&#34; &amp; b&#43;c&lt;/b&gt;</title>",
        ),
        ("a<!-- {{ .evil }} -->b", "ab"),
        ("<!DOCTYPE html><br/>{{ .int }}", "<!DOCTYPE html><br/>42"),
    ]);
}

#[test]
fn attributes_are_escaped_by_their_quotes() {
    check_html(&[
        (
            "<i title=\"{{ .evil }}\">",
            "<i title=\"&lt;b onclick=&#39;x&#39;&gt;&#34;a&#34; &amp; b&#43;c&lt;/b&gt;\">",
        ),
        ("<i title='{{ \"it's\" }}'>", "<i title='it&#39;s'>"),
        ("<i title={{ \"a b=c\" }}>", "<i title=a&#32;b&#61;c>"),
        ("<i title={{ .empty }}>", "<i title=ZgotmplZ>"),
        ("<i title=\"{{ safeHtml \"<b>x</b>&amp;\" }}\">", "<i title=\"x&amp;\">"),
        ("<i {{ \"checked\" }}>", "<i checked>"),
        ("<i {{ \"onclick\" }}=\"{{ .text }}\">", "<i ZgotmplZ=\"hello\">"),
    ]);
}

#[test]
fn addresses_are_filtered_and_encoded() {
    check_html(&[
        ("<a href=\"{{ \"javascript:alert(1)\" }}\">", "<a href=\"#ZgotmplZ\">"),
        ("<a href=\"{{ safeUrl \"tel:123\" }}\">", "<a href=\"tel:123\">"),
        (
            "<a href=\"{{ \"http://h/a b?x=1&y=é\" }}\">",
            "<a href=\"http://h/a%20b?x=1&amp;y=%c3%a9\">",
        ),
        ("<a href=\"/s?q={{ \"a b&c\" }}\">", "<a href=\"/s?q=a%20b%26c\">"),
        ("<a href=\"/s?q={{ \"a b&c\" | urlquery }}\">", "<a href=\"/s?q=a&#43;b%26c\">"),
        ("<img src='{{ .text }}.png'>", "<img src='hello.png'>"),
        ("<a href={{ \"/a b\" }}>", "<a href=/a%20b>"),
        (
            "<a href=\"{{ template \"__alertmanagerURL\" . }}\">",
            "<a href=\"http://am:9093/#/alerts?receiver=team&#43;a\">",
        ),
    ]);
}

#[test]
fn scripts_and_styles_get_literals_and_harmless_values() {
    check_html(&[
        (
            "<script>var a = {{ .text }}; var b = {{ .int }};</script>{{ \"<\" }}",
            "<script>var a = \"hello\"; var b =  42 ;</script>&lt;",
        ),
        (
            "<script>var a = '{{ \"it's </script>\" }}';</script>",
            "<script>var a = 'it\\u0027s \\u003c\\/script\\u003e';</script>",
        ),
        ("<script>f({{ .map }})</script>", "<script>f({\"a\":1,\"b\":2})</script>"),
        ("<script>// {{ .text }}\nx = {{ .nil }}</script>", "<script>// \nx =  null </script>"),
        ("<b onclick=\"f({{ .text }})\">", "<b onclick=\"f(&#34;hello&#34;)\">"),
        ("<b style=\"color: {{ \"#b42318\" }}\">", "<b style=\"color: #b42318\">"),
        ("<b style=\"color: {{ \"expression(x)\" }}\">", "<b style=\"color: ZgotmplZ\">"),
        (
            "<style>p { width: {{ .int }}px; background: url('{{ \"javascript:x\" }}') }</style>",
            "<style>p { width: 42px; background: url('#ZgotmplZ') }</style>",
        ),
        (
            "<style>p::before { content: \"{{ \"a\\\"b\" }}\" }</style>",
            "<style>p::before { content: \"a\\22 b\" }</style>",
        ),
    ]);
}
