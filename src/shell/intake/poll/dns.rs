//! What a name server answers: asked over UDP, and over TCP where the answer is too long for that.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, Question, RCODE, TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::{Unanswered, number, up};
use crate::domain::event::poll::{DnsProbe, Listener, Sample};
use crate::domain::value::Span;
use crate::shell::clock::Stopwatch;

/// Where the machine's own name servers stand.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// As long as an answer over UDP may be without EDNS, with room for servers that do not care.
const DATAGRAM_BYTES_MAX: usize = 4 << 10;

/// Questions over UDP get lost: it is asked again, so many times within the timeout.
const TRIES: u32 = 3;

/// Records that are told in annotations.
const NOTED_MAX: usize = 20;

/// Types of records that can be asked for.
const TYPES: [(&str, TYPE); 10] = [
    ("A", TYPE::A),
    ("AAAA", TYPE::AAAA),
    ("CAA", TYPE::CAA),
    ("CNAME", TYPE::CNAME),
    ("MX", TYPE::MX),
    ("NS", TYPE::NS),
    ("PTR", TYPE::PTR),
    ("SOA", TYPE::SOA),
    ("SRV", TYPE::SRV),
    ("TXT", TYPE::TXT),
];

pub(super) async fn ask(probe: &DnsProbe, timeout: Span) -> Result<Vec<Sample>, Unanswered> {
    let server = match &probe.server {
        Some(server) => server.clone(),
        None => own_server().await?,
    };
    let (id, question) = question(probe)?;
    let watch = Stopwatch::start();
    let asked = tokio::time::timeout(timeout.duration(), fetch(&server, id, &question, timeout));
    let answer = match asked.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(format!("failed to ask {}: {error}", server.host)),
        Err(_) => Err(format!("{} did not answer within {timeout}", server.host)),
    };
    let took = watch.elapsed();
    let records = answer.and_then(|answer| records(&answer, wanted(probe)?));
    let outcome = match &records {
        Ok(records) => expected(probe, records).map(|()| took),
        Err(why) => Err(why.clone()),
    };
    let mut samples = up(outcome.as_ref().copied().map_err(String::as_str), timeout);
    let count = records.as_ref().ok().map(|records| number(records.len() as u64));
    let noted: Vec<String> = records.unwrap_or_default().into_iter().take(NOTED_MAX).collect();
    let noted = noted.join(", ");
    samples[0] = std::mem::take(&mut samples[0]).noting("answers", &noted);
    samples.push(Sample::measure("answers", count).noting("answers", &noted));
    Ok(samples)
}

async fn own_server() -> Result<Listener, Unanswered> {
    let read = tokio::task::spawn_blocking(|| std::fs::read_to_string(RESOLV_CONF)).await;
    let text = read.ok().and_then(Result::ok).unwrap_or_default();
    let mut words = text.lines().map(str::split_whitespace);
    let host = words.find_map(|mut line| {
        let is_server = line.next() == Some("nameserver");
        line.next().filter(|_| is_server).map(str::to_owned)
    });
    host.map(|host| Listener { host, port: 53 }).ok_or(Unanswered::NoNameServer)
}

fn wanted(probe: &DnsProbe) -> Result<TYPE, String> {
    let known = TYPES.iter().find(|(name, _)| *name == probe.record);
    known.map(|(_, kind)| *kind).ok_or_else(|| format!("no type of record: {}", probe.record))
}

/// The question's number and bytes.
fn question(probe: &DnsProbe) -> Result<(u16, Vec<u8>), Unanswered> {
    let invalid = || Unanswered::Name(probe.name.clone());
    let name = backwards(probe).unwrap_or_else(|| probe.name.trim_end_matches('.').to_owned());
    let kind = wanted(probe).map_err(|_| invalid())?;
    let id = random();
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(&name).map_err(|_| invalid())?;
    packet.questions.push(Question::new(name, kind.into(), QCLASS::CLASS(CLASS::IN), false));
    let bytes = packet.build_bytes_vec().map_err(|_| invalid())?;
    Ok((id, bytes))
}

/// The name under which an address is looked up, where `PTR` asks for one.
fn backwards(probe: &DnsProbe) -> Option<String> {
    if probe.record != "PTR" {
        return None;
    }
    Some(match probe.name.parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let nibbles =
                address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let labels: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
            format!("{}.ip6.arpa", labels.join("."))
        }
    })
}

/// Nobody else can know it, or they could answer in the server's place (RFC 5452).
fn random() -> u16 {
    let [low, high, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    u16::from_le_bytes([low, high])
}

async fn fetch(server: &Listener, id: u16, question: &[u8], timeout: Span) -> io::Result<Vec<u8>> {
    let mut addresses = tokio::net::lookup_host((server.host.as_str(), server.port)).await?;
    let address = addresses.next().ok_or(io::ErrorKind::NotFound)?;
    let any: IpAddr = match address.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(address).await?;
    let mut bytes = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        socket.send(question).await?;
        let heard = async {
            loop {
                let length = socket.recv(&mut bytes).await?;
                if is_ours(&bytes[..length], id) {
                    return Ok::<usize, io::Error>(length);
                }
            }
        };
        let Ok(heard) = tokio::time::timeout(timeout.duration() / TRIES, heard).await else {
            continue;
        };
        bytes.truncate(heard?);
        let cut = simple_dns::header_buffer::has_flags(&bytes, PacketFlag::TRUNCATION);
        if cut.is_ok_and(|cut| cut) {
            break;
        }
        return Ok(bytes);
    }
    let mut stream = TcpStream::connect(address).await?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    if is_ours(&answer, id) { Ok(answer) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn is_ours(bytes: &[u8], id: u16) -> bool {
    let is_answer = simple_dns::header_buffer::has_flags(bytes, PacketFlag::RESPONSE);
    is_answer.is_ok_and(|answer| answer) && simple_dns::header_buffer::id(bytes) == Ok(id)
}

/// The records of the type that was asked for, as zone files write them.
fn records(answer: &[u8], wanted: TYPE) -> Result<Vec<String>, String> {
    let packet = Packet::parse(answer).map_err(|error| format!("no answer: {error}"))?;
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Err("the name does not exist (NXDOMAIN)".to_owned()),
        RCODE::ServerFailure => return Err("the server failed (SERVFAIL)".to_owned()),
        RCODE::Refused => return Err("the server refused (REFUSED)".to_owned()),
        other => return Err(format!("the server answered {other:?}")),
    }
    let of_type = packet.answers.iter().filter(|record| record.rdata.type_code() == wanted);
    let mut records: Vec<String> = of_type.filter_map(|record| written(&record.rdata)).collect();
    records.sort();
    Ok(records)
}

fn written(data: &RData) -> Option<String> {
    Some(match data {
        RData::A(a) => Ipv4Addr::from(a.address).to_string(),
        RData::AAAA(aaaa) => Ipv6Addr::from(aaaa.address).to_string(),
        RData::CAA(caa) => {
            let value = String::from_utf8_lossy(&caa.value);
            format!("{} {} \"{value}\"", caa.flag, caa.tag)
        }
        RData::CNAME(name) => name.0.to_string(),
        RData::MX(mx) => format!("{} {}", mx.preference, mx.exchange),
        RData::NS(name) => name.0.to_string(),
        RData::PTR(name) => name.0.to_string(),
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            soa.mname, soa.rname, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum
        ),
        RData::SRV(srv) => {
            format!("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target)
        }
        RData::TXT(text) => String::try_from(text.clone()).ok()?,
        _ => return None,
    })
}

fn expected(probe: &DnsProbe, records: &[String]) -> Result<(), String> {
    if records.is_empty() {
        return Err(format!("there is no {} record", probe.record));
    }
    let is_there = |expected: &String| {
        let expected = expected.trim_end_matches('.');
        records.iter().any(|record| record.trim_end_matches('.').eq_ignore_ascii_case(expected))
    };
    match probe.expect.iter().find(|expected| !is_there(expected)) {
        Some(missing) => Err(format!("{missing} is not among the answers")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use simple_dns::ResourceRecord;
    use simple_dns::rdata::{A, CNAME, MX, TXT};

    use super::*;

    fn probe(name: &str, record: &str, expect: &[&str]) -> DnsProbe {
        DnsProbe {
            server: None,
            name: name.to_owned(),
            record: record.to_owned(),
            expect: expect.iter().map(ToString::to_string).collect(),
        }
    }

    fn reply(code: RCODE, data: Vec<RData<'static>>) -> Vec<u8> {
        let mut packet = Packet::new_reply(7);
        *packet.rcode_mut() = code;
        for data in data {
            let name = Name::new_unchecked("shop.example.org");
            packet.answers.push(ResourceRecord::new(name, CLASS::IN, 60, data));
        }
        packet.build_bytes_vec().unwrap()
    }

    #[test]
    fn answers_are_compared_with_what_is_expected() {
        let alias = RData::CNAME(CNAME(Name::new_unchecked("web.example.org")));
        let addresses = || {
            let address = |last: u32| RData::A(A { address: 0x0a00_0000 + last });
            vec![alias.clone(), address(2), address(1)]
        };
        let mail = RData::MX(MX { preference: 10, exchange: Name::new_unchecked("m.example.org") });
        let text = RData::TXT(TXT::new().with_string("v=spf1 -all").unwrap());
        let check = |record: &str, expect: &[&str], code, data, expected: &str| {
            let probe = probe("shop.example.org", record, expect);
            let records = records(&reply(code, data), wanted(&probe).unwrap());
            let told = records.and_then(|records| {
                self::expected(&probe, &records)?;
                Ok(records.join(", "))
            });
            assert_eq!(told.unwrap_or_else(|why| why), expected, "{record}");
        };
        let fine = RCODE::NoError;
        check("A", &[], fine, addresses(), "10.0.0.1, 10.0.0.2");
        check("A", &["10.0.0.2"], fine, addresses(), "10.0.0.1, 10.0.0.2");
        check("A", &["10.0.0.3"], fine, addresses(), "10.0.0.3 is not among the answers");
        check("CNAME", &["WEB.example.org."], fine, addresses(), "web.example.org");
        check("AAAA", &[], fine, addresses(), "there is no AAAA record");
        check("MX", &["10 m.example.org"], fine, vec![mail], "10 m.example.org");
        check("TXT", &["v=spf1 -all"], fine, vec![text], "v=spf1 -all");
        check("A", &[], RCODE::NameError, vec![], "the name does not exist (NXDOMAIN)");
        check("A", &[], RCODE::ServerFailure, vec![], "the server failed (SERVFAIL)");
    }

    #[test]
    fn addresses_are_looked_up_backwards() {
        for (name, record, expected) in [
            ("10.0.0.1", "PTR", Some("1.0.0.10.in-addr.arpa")),
            (
                "2001:db8::1",
                "PTR",
                Some("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
            ),
            ("1.0.0.10.in-addr.arpa", "PTR", None),
            ("10.0.0.1", "A", None),
        ] {
            assert_eq!(backwards(&probe(name, record, &[])).as_deref(), expected);
        }
    }

    #[test]
    fn a_question_is_one_and_an_answer_to_it_is_known() {
        let (id, bytes) = question(&probe("shop.example.org.", "AAAA", &[])).unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.questions[0].qname.to_string(), "shop.example.org");
        assert!(!is_ours(&bytes, id), "a question is no answer");
        assert!(is_ours(&reply(RCODE::NoError, vec![]), 7));
        assert!(!is_ours(&reply(RCODE::NoError, vec![]), 8));
        assert!(question(&probe(&"a".repeat(64), "A", &[])).is_err());
    }
}
