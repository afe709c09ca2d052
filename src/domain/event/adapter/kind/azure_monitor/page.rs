//! The words of a piece of HTML: service health tells what is wrong as a part of a page.

/// Elements after which a line ends.
const ENDS: [&str; 6] = ["br", "br/", "/p", "/li", "/tr", "/div"];
/// What stands for a character, as far as letters of operators have it.
const ENTITIES: [(&str, &str); 7] = [
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&rsquo;", "'"),
    // Last, or what was meant to be read as it stands would be replaced, too.
    ("&amp;", "&"),
];

/// The text without elements, a paragraph a line.
pub(super) fn text_of(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let Some((element, rest)) = piece.split_once('>') else {
            text.push('<');
            text.push_str(piece);
            continue;
        };
        let name = element.split_ascii_whitespace().next().unwrap_or_default();
        if ENDS.iter().any(|end| end.eq_ignore_ascii_case(name)) {
            text.push('\n');
        }
        text.push_str(rest);
    }
    for (entity, meant) in ENTITIES {
        text = text.replace(entity, meant);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<&str>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_page_are_left() {
        let check = |html: &str, expected: &str| assert_eq!(text_of(html), expected);
        check("plain", "plain");
        check("<p>We <b>look</b>&nbsp;into it.</p>\n<p><br></p><p>Soon&amp;more</p>", {
            "We look into it.\nSoon&more"
        });
        check("a < b", "a < b");
        check("<a href=\"https://x\">here</a><br />there", "here\nthere");
        check("&amp;lt;", "&lt;");
        check("", "");
    }
}
