//! Templates that see a letter, and templates that fail.

use super::*;

#[test]
fn a_template_that_fails_costs_its_field_and_not_the_message() {
    let letter = letter(vec![alert(AlertStatus::Firing, "<!channel>")]);
    let told = |integration: &Integration| {
        let error = write(&letter, integration, &Library::with_defaults()).unwrap_err();
        let fields: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        (fields.join(", "), error.into_message())
    };

    let (faults, message) = told(&slack(&[("title", BROKEN), ("text", BROKEN), ("color", "x")]));
    let Some(Message::Http(http)) = message else { panic!("a message all the same") };
    assert_eq!(faults, "failed to render `title`, failed to render `text`");
    let body: serde_json::Value = serde_json::from_str(&http.first.body).unwrap();
    assert_eq!(body["attachments"][0]["title"], "[FIRING:1] DiskFull");
    let text = body["attachments"][0]["text"].as_str().unwrap();
    assert!(text.contains(r#"disk="&lt;!channel&gt;""#), "{text}");

    let config = EmailConfig {
        html: Some(template(BROKEN)),
        text: Some(template(BROKEN)),
        ..mail_config(&[("Subject", BROKEN), ("X-Disk", BROKEN)])
    };
    let (faults, message) = told(&email(config));
    let Some(Message::Email(mail)) = message else { panic!("a message all the same") };
    assert_eq!(
        faults,
        "failed to render `headers.Subject`, failed to render `headers.X-Disk`, failed to render \
         `text`, failed to render `html`"
    );
    assert_eq!(header(&mail, "Subject"), "[FIRING:1] DiskFull");
    assert!(mail.text.contains("firing since") && mail.html.is_none());

    assert!(matches!(told(&webhook(BROKEN, 0)), (_, None)), "no address, no message");
}

#[test]
fn templates_see_the_letter_and_its_data_is_no_markup() {
    let evil = "<script>alert(1)</script> & <!channel>";
    let mut letter = letter(vec![alert(AlertStatus::Firing, evil)]);
    letter.incident = Some(incident());

    let text = "<{{ .ExternalURL }}|{{ .Incident.id }} {{ .Incident.priority }}> \
                {{ if .Problem }}known{{ end }}\
                {{ range .Alerts }}{{ .Labels.disk }} {{ .Labels.disk | urlquery }}{{ end }}";
    let integration =
        slack(&[("text", text), ("title_link", "{{ (index .Alerts 0).GeneratorURL }}")]);
    let body: serde_json::Value = serde_json::from_str(&post(&letter, &integration).body).unwrap();
    assert_eq!(
        body["attachments"][0]["text"],
        "<https://am.example.org|INC-12 P2> &lt;script&gt;alert(1)&lt;/script&gt; \
         &amp; &lt;!channel&gt; %3Cscript%3Ealert%281%29%3C%2Fscript%3E+%26+%3C%21channel%3E"
    );
    assert_eq!(body["attachments"][0]["title_link"], letter.alerts[0].url);

    let html = "<p>{{ range .Alerts }}{{ .Labels.disk }}{{ end }}</p>";
    let config = EmailConfig { html: Some(template(html)), ..mail_config(&[("Subject", "x")]) };
    let mail = mail(&letter, &email(config));
    assert_eq!(
        mail.html.as_deref(),
        Some("<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;!channel&gt;</p>")
    );
}

#[test]
fn the_default_subject_names_the_incident() {
    let mut letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let subject = |letter: &Letter| {
        let mail = mail(letter, &email(mail_config(&[])));
        header(&mail, "Subject").to_owned()
    };
    let without = subject(&letter);
    assert!(without.starts_with("[FIRING:1] DiskFull"), "{without}");
    letter.incident = Some(incident());
    let with = subject(&letter);
    assert!(with.starts_with("[INC-12] ") && with.matches("INC-12").count() == 1, "{with}");
    letter.delayed = Some(Span::minutes(9));
    assert_eq!(subject(&letter), format!("{with} (delayed by 9m)"));
}
