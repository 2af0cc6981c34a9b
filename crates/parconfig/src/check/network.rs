// SPDX-License-Identifier: MPL-2.0
//! Rules on addresses, ports and the hosts that are reported to.

use super::super::value;
use super::Check;
use std::net::Ipv4Addr;

pub(super) fn check(check: &mut Check<'_>) {
    addresses(check);
    ports(check);
    targets(check);
}

fn address(check: &Check<'_>, key: &str) -> Option<Ipv4Addr> {
    check.config.value("network", key)?.parse().ok()
}

fn addresses(check: &mut Check<'_>) {
    const SECTION: &str = "network";
    let Some(own) = address(check, "address") else {
        return;
    };
    let gateway = address(check, "gateway").filter(|gateway| !gateway.is_unspecified());
    if own.is_unspecified() {
        if gateway.is_some() {
            let message = "is not used: the address comes by DHCP";
            check.warn("dhcp", SECTION, "gateway", message);
        }
        return;
    }
    if own.is_loopback() || own.is_multicast() || own.is_broadcast() {
        let message = format!("{own} is no address of a unit");
        check.error("address", SECTION, "address", message);
        return;
    }
    let mask = check.config.value(SECTION, "mask");
    let Some((_, bits)) = mask.and_then(value::mask) else {
        if mask.is_none() {
            check.warn("no-mask", SECTION, "address", "needs a mask");
        }
        return;
    };
    let Ok(net) = ipnet::Ipv4Net::new(own, bits) else {
        return;
    };
    if bits < 31 && (own == net.network() || own == net.broadcast()) {
        let message = format!(
            "{own} is the first or last address of its network {}",
            net.trunc()
        );
        check.error("address", SECTION, "address", message);
    }
    if let Some(gateway) = gateway {
        reach(check, own, net, gateway);
    }
    let_in(check, net);
}

/// The gateway has to be another address of the unit's own network.
fn reach(check: &mut Check<'_>, own: Ipv4Addr, net: ipnet::Ipv4Net, gateway: Ipv4Addr) {
    const SECTION: &str = "network";
    let bits = net.prefix_len();
    if gateway == own {
        check.error("gateway", SECTION, "gateway", "is the unit's own address");
    } else if !net.contains(&gateway) {
        let message = format!(
            "{gateway} cannot be reached; allowed: an address in {}",
            net.trunc()
        );
        check.error("gateway", SECTION, "gateway", message);
    } else if bits < 31 && (gateway == net.network() || gateway == net.broadcast()) {
        let message = format!("{gateway} is the first or last address of {}", net.trunc());
        check.error("gateway", SECTION, "gateway", message);
    }
}

/// The allowed addresses should hold some of the unit's own network.
fn let_in(check: &mut Check<'_>, net: ipnet::Ipv4Net) {
    const SECTION: &str = "network";
    let allowed = check
        .config
        .value(SECTION, "allowed")
        .and_then(value::networks);
    if let Some(allowed) = allowed
        && !allowed.is_empty()
        && !allowed
            .iter()
            .any(|allowed| allowed.contains(&net.network()) || net.contains(&allowed.network()))
    {
        let message = format!(
            "nobody in the unit's own network {} may connect",
            net.trunc()
        );
        check.warn("allowed", SECTION, "allowed", message);
    }
}

fn ports(check: &mut Check<'_>) {
    let http = check.config.number("network", "http-port").unwrap_or(80);
    let ftp = check.config.number("network", "ftp-port").unwrap_or(21);
    if http == ftp {
        let key = if check.config.value("network", "ftp-port").is_some() {
            "ftp-port"
        } else {
            "http-port"
        };
        check.error(
            "ports",
            "network",
            key,
            format!("web and FTP are both on port {http}"),
        );
    }
}

fn targets(check: &mut Check<'_>) {
    let config = check.config;
    let has = |section: &str, key: &str| config.value(section, key).is_some_and(|v| !v.is_empty());
    if has("reporting", "smtp-server") {
        for key in ["smtp-from", "smtp-to"] {
            if !has("reporting", key) {
                check.warn("mail", "reporting", "smtp-server", format!("needs {key}"));
            }
        }
    }
    if has("reporting", "alarm-host-secondary") && !has("reporting", "alarm-host-primary") {
        let message = "needs alarm-host-primary";
        check.warn("alarm-host", "reporting", "alarm-host-secondary", message);
    }
    if has("archive", "ftp-server") && !has("archive", "when") {
        check.warn(
            "archive",
            "archive",
            "ftp-server",
            "needs when, or nothing is copied",
        );
    }
    if has("archive", "webcam-interval") && !has("archive", "ftp-server") {
        check.warn("archive", "archive", "webcam-interval", "needs ftp-server");
    }
}
