//! `WeChat` for companies: a token for all messages, the first of which is stale when it arrives.

use super::{Asked, Counter, Said, home, told};

#[test]
fn wechat_gives_tokens_and_takes_texts_for_them() {
    let mut issued = 0;
    let counter = Counter::start(move |asked| take(asked, &mut issued));
    let fields = format!(
        "api_url: '{}/cgi-bin', api_secret: 's3cret&', corp_id: corp, agent_id: '1000002', \
         to_user: '@all', message: 'disk is {{{{ .Status }}}}', send_resolved: true",
        counter.url()
    );
    // The stale token costs two requests more; the good one serves the second message, too.
    let taken = told(&counter, &home("wechat_configs", &fields), 4, 5);
    let lines: Vec<String> = taken.iter().map(Asked::line).collect();
    let ask = "GET /cgi-bin/gettoken?corpid=corp&corpsecret=s3cret%26";
    let send = |token| format!("POST /cgi-bin/message/send?access_token={token}");
    assert_eq!(lines, [ask, &send("t1"), ask, &send("t2"), &send("t2")]);
    assert_eq!(taken[3].json()["text"]["content"], "disk is firing");
    assert_eq!(taken[4].json()["text"]["content"], "disk is resolved");
}

fn take(asked: &Asked, issued: &mut u32) -> Said {
    let answer = |text: String| Said::Taken(200, text);
    if asked.method == "GET" {
        *issued += 1;
        return if asked.path == "/cgi-bin/gettoken?corpid=corp&corpsecret=s3cret%26" {
            answer(format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"t{issued}"}}"#))
        } else {
            Said::Refused(400, "invalid credential")
        };
    }
    if asked.path == "/cgi-bin/message/send?access_token=t1" {
        return answer(r#"{"errcode":42001,"errmsg":"access_token expired"}"#.to_owned());
    }
    let body = asked.json();
    let fits = asked.path == format!("/cgi-bin/message/send?access_token=t{issued}")
        && asked.header("content-type") == "application/json"
        && body["msgtype"] == "text"
        && body["touser"] == "@all"
        && body["agentid"] == "1000002";
    if fits {
        answer(r#"{"errcode":0,"errmsg":"ok"}"#.to_owned())
    } else {
        Said::Refused(400, "invalid message")
    }
}
