//! A network as a setting: an address, or a prefix such as `10.0.0.0/8`.

use std::net::IpAddr;

use super::section::Value;

/// All addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// The network that is one address.
    pub fn host(address: IpAddr) -> Network {
        Network { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether an address lies in it. An IPv4 address written as IPv6 is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl Value for Network {
    fn parse(text: &str) -> Result<Self, String> {
        let wanted = || "a list of addresses and networks such as 10.0.0.0/8".to_owned();
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let host = Network::host(address.parse().map_err(|_| wanted())?);
        let bits = bits.map_or(Ok(host.bits), |bits| bits.parse().map_err(|_| wanted()))?;
        match bits <= host.bits {
            true => Ok(Network { bits, ..host }),
            false => Err(wanted()),
        }
    }

    fn show(&self) -> String {
        format!("{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_in_their_networks() {
        let cases = [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:9::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
        ];
        for (network, address, inside) in cases {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        }
        for bad in ["", "here", "10.0.0.0/33", "10.0.0.0/x", "2001:db8::/129", "10.0.0/8"] {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
    }
}
