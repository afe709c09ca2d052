//! What lies in `contrib/`, run as monitoring systems run it: the notification script under a plain
//! shell and under a real Nagios, and the script of Zabbix's media type.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::daemon::{Daemon, Home};
use crate::program::{self, Process, Said, run};
use crate::sink::{Reply, Sink};
use crate::until::{until, within};

/// How long Nagios may take to end once it was asked to.
const STOP_MAX: Duration = Duration::from_secs(10);

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 1s }
sources:
  nagios: { type: nagios, auth: { bearer: 'sesame\"\\' } }
  icinga: { type: icinga2 }
  checkmk: { type: checkmk }
  zabbix: { type: zabbix }
";
const TOKEN: &str = "sesame\"\\";

fn contrib(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(name)
}

/// The script in an environment that holds nothing but what is given.
fn notify(env: &[(&str, &str)], args: &[&str]) -> Said {
    let shell = ["/usr/bin/dash", "/bin/sh"].into_iter().find(|shell| Path::new(shell).exists());
    let mut command = Command::new(shell.unwrap());
    command.arg(contrib("nagios/incidentd-notify")).args(args).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("INCIDENTD_CONFIG", "/dev/null").envs(env.iter().copied());
    run(&mut command)
}

fn only_alert(daemon: &Daemon) -> Value {
    let mut alerts = daemon.api().list("alerts", "");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.remove(0)
}

#[test]
fn macros_in_the_environment_of_nagios_reach_the_daemon_through_curl() {
    if program::find("curl").is_none() {
        return;
    }
    nagios_environment("curl");
}

#[test]
fn macros_in_the_environment_of_nagios_reach_the_daemon_through_wget() {
    if program::find("wget").is_none() {
        return;
    }
    nagios_environment("wget");
}

fn nagios_environment(client: &str) {
    let daemon = Home::new(CONFIG).start();
    let url = format!("{}/hooks/nagios", daemon.url());
    let output = "DISK CRITICAL - \"/\" 99% full & it's über $5\n";
    let send = |type_: &str, state: &str| {
        let env = [
            ("INCIDENTD_URL", url.as_str()),
            ("INCIDENTD_TOKEN", TOKEN),
            ("INCIDENTD_CLIENT", client),
            ("NAGIOS_NOTIFICATIONTYPE", type_),
            ("NAGIOS_HOSTNAME", "till-9"),
            ("NAGIOS_HOSTSTATE", "UP"),
            ("NAGIOS_SERVICEDESC", "Disk /"),
            ("NAGIOS_SERVICESTATE", state),
            ("NAGIOS_SERVICESTATETYPE", "HARD"),
            ("NAGIOS_SERVICEOUTPUT", output),
        ];
        let said = notify(&env, &[]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        assert_eq!(said.out, "");
    };
    send("PROBLEM", "CRITICAL");
    let alert = only_alert(&daemon);
    assert_eq!(alert["state"], "firing");
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["labels"]["alertname"], "Disk /");
    assert_eq!(alert["labels"]["instance"], "till-9");
    assert_eq!(alert["annotations"]["description"], output.trim());
    send("ACKNOWLEDGEMENT", "CRITICAL");
    send("DOWNTIMESTART", "CRITICAL");
    assert_eq!(only_alert(&daemon)["state"], "firing");
    send("RECOVERY", "OK");
    assert_eq!(only_alert(&daemon)["state"], "resolved");
}

#[test]
fn the_options_of_icinga_2_reach_the_daemon() {
    if program::find("curl").is_none() {
        return;
    }
    let daemon = Home::new(CONFIG).start();
    let url = format!("{}/hooks/icinga", daemon.url());
    let send = |type_: &str, rest: &[&str]| {
        let args = [&["-U", url.as_str(), "-t", type_, "-l", "mill-1", "-n", "Mill one"], rest];
        let said = notify(&[], &args.concat());
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    };
    let date = ["-d", "2026-03-01 12:00:00 +0100", "-r", "ops@example.org", "-v", "false"];
    send(
        "PROBLEM",
        &[&["-s", "DOWN", "-o", "PING CRITICAL", "-4", "192.0.2.1"], &date[..]].concat(),
    );
    let service =
        ["-e", "grind", "-u", "Grinding", "-s", "WARNING", "-o", "hot", "-b", "", "-c", ""];
    send("PROBLEM", &service);
    let alerts = daemon.api().list("alerts", "");
    let seen: Vec<[&str; 3]> = alerts
        .iter()
        .map(|alert| {
            let label = |name: &str| alert["labels"][name].as_str().unwrap();
            [label("instance"), label("alertname"), alert["severity"].as_str().unwrap()]
        })
        .collect();
    assert_eq!(seen, [["mill-1", "Host state", "critical"], ["mill-1", "grind", "warning"]]);
    send("RECOVERY", &["-s", "UP", "-o", "PING OK"]);
    send("RECOVERY", &["-e", "grind", "-s", "OK", "-o", "cool"]);
    assert!(daemon.api().list("alerts", "").iter().all(|alert| alert["state"] == "resolved"));
}

#[test]
fn the_environment_of_checkmk_and_the_parameters_of_its_rule_reach_the_daemon() {
    if program::find("curl").is_none() {
        return;
    }
    let daemon = Home::new(CONFIG).start();
    let url = format!("{}/hooks/checkmk", daemon.url());
    let env = [
        ("NOTIFY_PARAMETER_1", url.as_str()),
        ("NOTIFY_WHAT", "HOST"),
        ("NOTIFY_NOTIFICATIONTYPE", "PROBLEM"),
        ("NOTIFY_HOSTNAME", "silo-2"),
        ("NOTIFY_HOSTSTATE", "DOWN"),
        ("NOTIFY_HOSTOUTPUT", "no answer"),
        ("NOTIFY_SERVICEDESC", ""),
        ("NOTIFY_OMD_SITE", "bakery"),
    ];
    let said = notify(&env, &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let alert = only_alert(&daemon);
    assert_eq!(alert["labels"]["site"], "bakery");
    assert_eq!(alert["severity"], "critical");
}

#[test]
fn the_script_tries_again_and_says_what_it_cannot_do() {
    if program::find("curl").is_none() {
        return;
    }
    let host = ["-t", "PROBLEM", "-l", "a", "-s", "DOWN"];
    let check = |env: &[(&str, &str)], args: &[&str], code: i32, text: &str| {
        let said = notify(env, args);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.err.contains(text), "{said:?}");
    };
    let sink = Sink::start(&[Reply::Status(503), Reply::Status(200), Reply::Status(404)]);
    let with_url = [("INCIDENTD_URL", sink.url())];
    check(&with_url, &host, 0, "");
    assert_eq!(sink.heard().len(), 2, "it was tried again");
    check(&with_url, &host, 2, "refused with 404");
    let nobody = format!("http://127.0.0.1:{}", program::free_port());
    let once = [("INCIDENTD_URL", nobody.as_str()), ("INCIDENTD_TRIES", "1")];
    check(&once, &host, 1, "not delivered in 1 tries");
    check(&[], &host, 3, "no URL");
    check(&with_url, &["-l", "a"], 3, "no host or no type");
    check(&with_url, &["-Z"], 3, "usage");
    check(&with_url, &["-T", "/nonexistent", "-t", "X", "-l", "a"], 3, "cannot be read");
    check(&[], &["-h"], 0, "usage");
    assert_eq!(sink.heard().len(), 3, "nothing else was sent");
}

#[test]
fn a_real_nagios_reports_a_problem_and_its_end() {
    let (Some(nagios), Some(_)) = (program::find("nagios4"), program::find("curl")) else { return };
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let url = format!("{}/hooks/nagios", daemon.url());
    home.write("notify.conf", &format!("INCIDENTD_URL='{url}'\nINCIDENTD_TOKEN='{TOKEN}'\n"));
    configure(&home);
    let mut command = Command::new(nagios);
    command.arg("nagios.cfg").current_dir(home.path(""));
    command.env("INCIDENTD_CONFIG", home.path("notify.conf"));
    let log = std::fs::File::create(home.path("nagios.out")).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let _nagios = Nagios(Process::start(&mut command));
    let commands = home.path("var/nagios.cmd");
    until("Nagios takes commands", || commands.exists().then_some(()));
    let tell = |state: u8, output: &str| {
        let line = format!("[1] PROCESS_SERVICE_CHECK_RESULT;till-9;Disk /;{state};{output}\n");
        let mut commands = std::fs::OpenOptions::new().write(true).open(&commands).unwrap();
        commands.write_all(line.as_bytes()).unwrap();
    };
    tell(2, "DISK CRITICAL - 99% full");
    let opened = until("Nagios has notified", || daemon.api().list("incidents", "").pop());
    assert_eq!(opened["state"], "new");
    let alert = only_alert(&daemon);
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["labels"]["service"], "Disk /");
    assert_eq!(alert["annotations"]["host_alias"], "Till nine");
    assert_eq!(alert["annotations"]["description"], "DISK CRITICAL - 99% full");
    tell(0, "DISK OK - 12% full");
    daemon.api().until_state("INC-1", "resolved");
}

/// A Nagios that ends with its test. It is asked to: only then it takes its workers with it.
struct Nagios(Process);

impl Drop for Nagios {
    fn drop(&mut self) {
        let end = format!("kill -TERM {}", self.0.child().id());
        let _ = Command::new("sh").args(["-c", &end]).status();
        let _ = within(STOP_MAX, || (!self.0.is_running()).then_some(()));
    }
}

/// A Nagios with one host and one service, whose contact is the one in `contrib/`.
fn configure(home: &Home) {
    let script = contrib("nagios/incidentd-notify");
    let ours = std::fs::read_to_string(contrib("nagios/incidentd.cfg")).unwrap();
    let installed = "/usr/local/lib/incidentd/incidentd-notify";
    assert!(ours.contains(installed));
    home.write("incidentd.cfg", &ours.replace(installed, script.to_str().unwrap()));
    home.write("var/spool/.keep", "");
    home.write("resource.cfg", "");
    let base = home.path("");
    let base = base.to_str().unwrap().trim_end_matches('/');
    let id = |flag: &str| run(Command::new("id").arg(flag)).out.trim().to_owned();
    let (user, group) = (id("-un"), id("-gn"));
    let main = format!(
        "cfg_file={base}/incidentd.cfg
cfg_file={base}/objects.cfg
resource_file={base}/resource.cfg
log_file={base}/var/nagios.log
object_cache_file={base}/var/objects.cache
precached_object_file={base}/var/objects.precache
status_file={base}/var/status.dat
temp_file={base}/var/nagios.tmp
temp_path={base}/var
check_result_path={base}/var/spool
command_file={base}/var/nagios.cmd
query_socket={base}/var/nagios.qh
lock_file={base}/var/nagios.lock
state_retention_file={base}/var/retention.dat
nagios_user={user}
nagios_group={group}
check_external_commands=1
execute_host_checks=0
execute_service_checks=0
check_for_updates=0
use_syslog=0
illegal_macro_output_chars=`~$&|'\"<>
"
    );
    home.write("nagios.cfg", &main);
    let days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let days = days.map(|day| format!("  {day} 00:00-24:00\n")).concat();
    let common = "  max_check_attempts 1
  check_period 24x7
  notification_period 24x7
  notification_interval 0
  contacts incidentd
";
    let objects = format!(
        "define timeperiod {{\n  timeperiod_name 24x7\n  alias always\n{days}}}
define command {{\n  command_name none\n  command_line /bin/true\n}}
define host {{\n  host_name till-9\n  alias Till nine\n  address 192.0.2.9\n{common}}}
define service {{\n  host_name till-9\n  service_description Disk /\n  check_command none
  check_interval 1\n  retry_interval 1\n  active_checks_enabled 0\n{common}}}\n"
    );
    home.write("objects.cfg", &objects);
}

/// Zabbix's own objects, as far as the script uses them. The macros and the status that the server
/// answers with come in the arguments.
const ZABBIX: &str = "
const sent = { headers: [] };
class HttpRequest {
    setProxy(proxy) { sent.proxy = proxy; }
    addHeader(header) { sent.headers.push(header); }
    post(url, body) { sent.url = url; sent.body = body; return 'the answer'; }
    getStatus() { return Number(process.argv[3]); }
}
const Zabbix = { log(level, text) { sent.log = text; } };
const media = new Function('value', 'HttpRequest', 'Zabbix', process.argv[1]);
try { sent.result = media(process.argv[2], HttpRequest, Zabbix); } catch (error) { sent.error = String(error); }
console.log(JSON.stringify(sent));
";

#[test]
fn the_media_type_of_zabbix_posts_its_macros() {
    let text = std::fs::read_to_string(contrib("zabbix/mediatype_incidentd.yaml")).unwrap();
    let export: Value = serde_saphyr::from_str(&text).unwrap();
    let media = &export["zabbix_export"]["media_types"][0];
    assert_eq!(media["type"], "WEBHOOK");
    let script = media["script"].as_str().unwrap();
    let Some(node) = program::find("node") else { return };
    let run_with = |macros: &Value, status: &str| -> Value {
        let mut command = Command::new(&node);
        command.args(["-e", ZABBIX, script, &macros.to_string(), status]);
        let said = run(command.stderr(Stdio::inherit()));
        serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"))
    };
    let mut macros = Value::Object(serde_json::Map::new());
    for parameter in media["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        macros[name] = parameter["value"].clone();
    }
    let unset = run_with(&macros, "200");
    assert!(unset["error"].as_str().unwrap().contains("{$INCIDENTD.URL}"), "{unset}");
    assert!(unset["body"].is_null());

    let daemon = Home::new(CONFIG).start();
    let url = format!("{}/hooks/zabbix", daemon.url());
    for (name, value) in [
        ("incidentd_url", url.as_str()),
        ("incidentd_token", "sesame"),
        ("event_id", "77"),
        ("event_source", "0"),
        ("event_name", "No flour"),
        ("event_value", "1"),
        ("event_update_status", "0"),
        ("event_nseverity", "5"),
        ("event_severity", "Disaster"),
        ("host_name", "silo-2"),
    ] {
        macros[name] = Value::from(value);
    }
    let sent = run_with(&macros, "200");
    assert_eq!(sent["result"], "OK", "{sent}");
    assert_eq!(sent["url"], url.as_str());
    let headers = sent["headers"].to_string();
    assert!(headers.contains("Authorization: Bearer sesame"), "{headers}");
    let body = sent["body"].as_str().unwrap();
    assert!(!body.contains("sesame"), "the token is no part of what is said");
    let answer = daemon.api().post("/hooks/zabbix", &serde_json::from_str(body).unwrap());
    assert_eq!(answer.status, 200, "{answer:?}");
    let alert = only_alert(&daemon);
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["labels"]["instance"], "silo-2");

    let refused = run_with(&macros, "401");
    assert_eq!(refused["error"], "incidentd: status 401: the answer");
}
