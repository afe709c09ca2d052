//! Traps and informs of SNMP versions 1 and 2c as they come over the wire (RFC 1157, 3416): the few
//! types of BER that they are made of.

use std::fmt::Write as _;

use super::{Trap, VARIABLES_MAX, sort_out};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
const ADDRESS: u8 = 0x40;
const NUMBERS: [u8; 4] = [0x41, 0x42, 0x43, 0x46];
pub(super) const RESPONSE: u8 = 0xa2;
const TRAP_V1: u8 = 0xa4;
pub(super) const INFORM: u8 = 0xa6;
pub(super) const TRAP_V2: u8 = 0xa7;

/// Parts of a number beyond this are left out; RFC 2578, 3.5, allows 128.
const OID_PARTS_MAX: usize = 128;

/// Why a datagram is no trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTrap {
    /// The bytes break off, or are of other types.
    #[error("it is no message of SNMP")]
    Broken,
    /// Version 3 needs keys.
    #[error("version 3 needs `users` of the source, or snmptrapd in between")]
    Version3,
    /// A question or an answer.
    #[error("it is neither a trap nor an inform")]
    Other,
}

/// Reads a datagram.
pub(super) fn read(packet: &[u8]) -> Result<Trap, NoTrap> {
    let (_, tag, mut pdu) = open(packet)?;
    if tag == TRAP_V1 {
        return version_1(pdu).ok_or(NoTrap::Broken);
    }
    for _ in 0..3 {
        typed(&mut pdu, INTEGER).ok_or(NoTrap::Broken)?;
    }
    let variables = variables(pdu).ok_or(NoTrap::Broken)?;
    Ok(sort_out(Trap { variables, ..Trap::default() }))
}

/// What an inform is answered with: itself as a response (RFC 3416, 4.2.7). Nothing for a trap.
pub fn answer(packet: &[u8]) -> Option<Vec<u8>> {
    let (at, tag, _) = open(packet).ok()?;
    (tag == INFORM).then(|| {
        let mut answer = packet.to_vec();
        answer[at] = RESPONSE;
        answer
    })
}

/// The community that a datagram of version 1 or 2c bears.
pub fn community(packet: &[u8]) -> Option<&[u8]> {
    let mut rest = packet;
    let mut inside = typed(&mut rest, SEQUENCE)?;
    let version = typed(&mut inside, INTEGER)?;
    matches!(version, [0 | 1]).then(|| typed(&mut inside, OCTETS))?
}

/// Where the inner message begins, its type, and what is in it.
fn open(packet: &[u8]) -> Result<(usize, u8, &[u8]), NoTrap> {
    let mut rest = packet;
    let mut inside = typed(&mut rest, SEQUENCE).ok_or(NoTrap::Broken)?;
    let version = typed(&mut inside, INTEGER).ok_or(NoTrap::Broken)?;
    match version {
        [0 | 1] => {}
        [3] => return Err(NoTrap::Version3),
        _ => return Err(NoTrap::Broken),
    }
    typed(&mut inside, OCTETS).ok_or(NoTrap::Broken)?;
    let at = packet.len() - rest.len() - inside.len();
    let (tag, pdu) = next(&mut inside).ok_or(NoTrap::Broken)?;
    match tag {
        TRAP_V1 | TRAP_V2 | INFORM => Ok((at, tag, pdu)),
        _ => Err(NoTrap::Other),
    }
}

fn version_1(mut pdu: &[u8]) -> Option<Trap> {
    let enterprise = oid(typed(&mut pdu, OID)?);
    let agent = text(ADDRESS, typed(&mut pdu, ADDRESS)?);
    let generic = integer(typed(&mut pdu, INTEGER)?);
    let specific = integer(typed(&mut pdu, INTEGER)?);
    let (_, uptime) = next(&mut pdu)?;
    // RFC 3584, 3.1.
    let oid = match generic {
        0..=5 => format!("1.3.6.1.6.3.1.1.5.{}", generic + 1),
        _ => format!("{enterprise}.0.{specific}"),
    };
    let uptime = integer(uptime).to_string();
    let agent = if agent == "0.0.0.0" { String::new() } else { agent };
    Some(sort_out(Trap { oid, agent, uptime, variables: variables(pdu)? }))
}

fn variables(mut pdu: &[u8]) -> Option<Vec<(String, String)>> {
    let mut list = typed(&mut pdu, SEQUENCE)?;
    let mut variables = Vec::new();
    while !list.is_empty() {
        let mut pair = typed(&mut list, SEQUENCE)?;
        let name = oid(typed(&mut pair, OID)?);
        let (tag, value) = next(&mut pair)?;
        // Some are about the trap itself; one more than is kept says that there were more.
        if variables.len() <= VARIABLES_MAX + 4 {
            variables.push((name, text(tag, value)));
        }
    }
    Some(variables)
}

/// The next element, if it is of this type.
pub(super) fn typed<'p>(from: &mut &'p [u8], tag: u8) -> Option<&'p [u8]> {
    next(from).filter(|(found, _)| *found == tag).map(|(_, value)| value)
}

/// The next element: its type, and what is in it.
pub(super) fn next<'p>(from: &mut &'p [u8]) -> Option<(u8, &'p [u8])> {
    let (tag, rest) = from.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let (bytes, after) =
            rest.split_at_checked(length & 0x7f).filter(|(it, _)| it.len() <= 4)?;
        length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = after;
    }
    let (value, rest) = rest.split_at_checked(length)?;
    *from = rest;
    Some((*tag, value))
}

/// An element of these parts.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    let length = inside.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = &length[first..];
    let mut element = vec![tag];
    if inside.len() >= 0x80 {
        // A length has at most eight bytes.
        element.push(length.iter().fold(0x80, |count, _| count + 1));
    }
    element.extend(length);
    element.extend(inside);
    element
}

fn text(tag: u8, value: &[u8]) -> String {
    match tag {
        INTEGER => integer(value).to_string(),
        OID => oid(value),
        NULL => String::new(),
        ADDRESS => value.iter().map(ToString::to_string).collect::<Vec<_>>().join("."),
        tag if NUMBERS.contains(&tag) => {
            value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).to_string()
        }
        _ => match std::str::from_utf8(value) {
            Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => {
                text.to_owned()
            }
            _ => value.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        },
    }
}

fn integer(value: &[u8]) -> i64 {
    let sign = if value.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    value.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte))
}

fn oid(value: &[u8]) -> String {
    let mut parts: Vec<u64> = Vec::new();
    let mut part: u64 = 0;
    for byte in value {
        part = part << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if parts.is_empty() {
                let first = (part / 40).min(2);
                parts.extend([first, part - first * 40]);
            } else if parts.len() < OID_PARTS_MAX {
                parts.push(part);
            }
            part = 0;
        }
    }
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inform(tag: u8) -> Vec<u8> {
        let trap_oid = element(OID, &[&[0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0]]);
        let link_down = element(OID, &[&[0x2b, 6, 1, 6, 3, 1, 1, 5, 3]]);
        let if_index = element(OID, &[&[0x2b, 6, 1, 2, 1, 2, 2, 1, 1, 0x81, 0x04]]);
        let pairs = [
            element(SEQUENCE, &[&trap_oid, &link_down]),
            element(SEQUENCE, &[&if_index, &[INTEGER, 2, 0, 0x84]]),
        ];
        let list = element(SEQUENCE, &[&pairs[0], &pairs[1]]);
        let pdu = element(tag, &[&[INTEGER, 1, 7, INTEGER, 1, 0, INTEGER, 1, 0], &list]);
        element(SEQUENCE, &[&[INTEGER, 1, 1, OCTETS, 1, b'p'], &pdu])
    }

    #[test]
    fn a_trap_is_read_and_an_inform_answered() {
        for (tag, answered) in [(TRAP_V2, false), (INFORM, true)] {
            let packet = inform(tag);
            let trap = read(&packet).unwrap();
            assert_eq!(trap.oid, "1.3.6.1.6.3.1.1.5.3");
            let variable = ("1.3.6.1.2.1.2.2.1.1.132".to_owned(), "132".to_owned());
            assert_eq!(trap.variables, [variable]);
            assert_eq!(community(&packet), Some(&b"p"[..]));
            let answer = answer(&packet);
            assert_eq!(answer.is_some(), answered);
            assert!(answer.is_none_or(|answer| answer == inform(RESPONSE)));
            for end in 0..packet.len() {
                assert!(read(&packet[..end]).is_err(), "{end}");
            }
        }
        assert_eq!(read(&inform(0xa0)).err(), Some(NoTrap::Other));
        let version_3 = element(SEQUENCE, &[&[INTEGER, 1, 3]]);
        assert_eq!(community(&version_3), None);
        assert_eq!(read(&version_3).err(), Some(NoTrap::Version3));
    }

    #[test]
    fn numbers_have_signs_and_texts_may_be_bytes() {
        assert_eq!(text(INTEGER, &[0xff, 0x7f]), "-129");
        assert_eq!(text(0x42, &[0xff, 0xff, 0xff, 0xff]), "4294967295");
        assert_eq!(text(OCTETS, b"eth0"), "eth0");
        assert_eq!(text(OCTETS, &[0, 1, 0xab]), "0001ab");
        assert_eq!(text(ADDRESS, &[192, 0, 2, 1]), "192.0.2.1");
    }
}
