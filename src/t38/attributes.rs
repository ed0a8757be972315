//! The SDP attributes of a T.38 media line (ITU-T T.38 Annex D, RFC 3362): read as vendors write
//! them, written as the standard does, and negotiated.

use std::fmt;

use super::udptl::ErrorCorrection;

/// Who checks the training (`T38FaxRateManagement`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateManagement {
    /// The receiver of the fax; the only way that works over UDP.
    TransferredTcf,
    /// Each gateway on its own.
    LocalTcf,
}

/// What a side sends against loss (`T38FaxUdpEC`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpErrorCorrection {
    /// Nothing.
    None,
    /// Earlier packets again.
    Redundancy,
    /// Parities.
    Fec,
}

/// One side's T.38 parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct T38Attributes {
    /// `T38FaxVersion`.
    pub version: u8,
    /// `T38MaxBitRate` in bit/s.
    pub max_bit_rate: u32,
    /// `T38FaxFillBitRemoval`.
    pub fill_bit_removal: bool,
    /// `T38FaxTranscodingMMR`.
    pub transcoding_mmr: bool,
    /// `T38FaxTranscodingJBIG`.
    pub transcoding_jbig: bool,
    /// `T38FaxRateManagement`.
    pub rate_management: RateManagement,
    /// `T38FaxMaxBuffer` in bytes.
    pub max_buffer: Option<u32>,
    /// `T38FaxMaxDatagram` in bytes: the largest datagram this side takes.
    pub max_datagram: Option<u32>,
    /// `T38FaxMaxIFP` in bytes: the largest primary packet this side takes.
    pub max_ifp: Option<u32>,
    /// `T38FaxUdpEC`.
    pub udp_ec: UdpErrorCorrection,
}

impl Default for T38Attributes {
    /// What a side means that states nothing.
    fn default() -> Self {
        Self {
            version: 0,
            max_bit_rate: 14_400,
            fill_bit_removal: false,
            transcoding_mmr: false,
            transcoding_jbig: false,
            rate_management: RateManagement::TransferredTcf,
            max_buffer: None,
            max_datagram: None,
            max_ifp: None,
            udp_ec: UdpErrorCorrection::None,
        }
    }
}

/// Datagram size assumed of a side that states none.
const DATAGRAM_BYTES_DEFAULT: u32 = 400;

/// Datagram sizes stated below this are taken for something else: one primary packet of the
/// fastest modem with its predecessor needs as much, and vendors write the size of one packet.
const DATAGRAM_BYTES_LEAST: u32 = 200;

/// The largest datagram sent, whatever the far end takes: larger ones are cut up on their way.
const DATAGRAM_BYTES_MOST: u32 = 1_400;

impl T38Attributes {
    /// What we offer: version 0, the coding that every peer understands, and redundancy.
    pub fn ours() -> Self {
        Self {
            max_buffer: Some(2_000),
            max_datagram: Some(DATAGRAM_BYTES_MOST),
            udp_ec: UdpErrorCorrection::Redundancy,
            ..Self::default()
        }
    }

    /// Reads `a=name:value` attributes: names and words in any case, with or without `Fax`, flags
    /// with or without a value, numbers with or without something behind them; unknown names and
    /// senseless values are passed over.
    pub fn parse<'a>(attributes: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let mut parsed = Self::default();
        for (name, value) in attributes {
            let name = name.trim().to_ascii_lowercase();
            let Some(name) = name.strip_prefix("t38") else {
                continue;
            };
            let name = name.strip_prefix("fax").unwrap_or(name);
            parsed.set(name, value.map(str::trim).filter(|value| !value.is_empty()));
        }
        parsed
    }

    /// Our answer to an offer, and what holds for the session then.
    ///
    /// Rates and abilities are what both have; sizes are each side's own; error correction follows
    /// the offer, because each kind is received anyway.
    #[must_use]
    pub fn answer(offer: &Self, ours: &Self) -> Self {
        Self {
            version: offer.version.min(ours.version),
            max_bit_rate: offer.max_bit_rate.min(ours.max_bit_rate),
            fill_bit_removal: offer.fill_bit_removal && ours.fill_bit_removal,
            transcoding_mmr: offer.transcoding_mmr && ours.transcoding_mmr,
            transcoding_jbig: offer.transcoding_jbig && ours.transcoding_jbig,
            rate_management: RateManagement::TransferredTcf,
            max_buffer: ours.max_buffer,
            max_datagram: ours.max_datagram,
            max_ifp: ours.max_ifp,
            udp_ec: match (offer.udp_ec, ours.udp_ec) {
                (_, UdpErrorCorrection::None) => UdpErrorCorrection::None,
                (offered, _) => offered,
            },
        }
    }

    /// The attributes in the order of T.38 Annex D; flags that are off are left out.
    pub fn to_pairs(&self) -> Vec<(&'static str, Option<String>)> {
        let number = |name, value: Option<u32>| value.map(|value| (name, Some(value.to_string())));
        let flag = |name, on: bool| on.then_some((name, None));
        [
            number("T38FaxVersion", Some(u32::from(self.version))),
            number("T38MaxBitRate", Some(self.max_bit_rate)),
            flag("T38FaxFillBitRemoval", self.fill_bit_removal),
            flag("T38FaxTranscodingMMR", self.transcoding_mmr),
            flag("T38FaxTranscodingJBIG", self.transcoding_jbig),
            Some((
                "T38FaxRateManagement",
                Some(self.rate_management.to_string()),
            )),
            number("T38FaxMaxBuffer", self.max_buffer),
            number("T38FaxMaxDatagram", self.max_datagram),
            number("T38FaxMaxIFP", self.max_ifp),
            Some(("T38FaxUdpEC", Some(self.udp_ec.to_string()))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The largest datagram to send to the side that stated these attributes.
    pub fn datagram_bytes(&self) -> u16 {
        match self.max_datagram {
            None => DATAGRAM_BYTES_DEFAULT as u16,
            Some(stated) => stated.clamp(DATAGRAM_BYTES_LEAST, DATAGRAM_BYTES_MOST) as u16,
        }
    }

    /// What to send against loss, once these attributes hold for the session.
    pub fn error_correction(&self, redundancy_entries: u8) -> ErrorCorrection {
        match self.udp_ec {
            UdpErrorCorrection::None => ErrorCorrection::None,
            UdpErrorCorrection::Redundancy => ErrorCorrection::Redundancy {
                entries: redundancy_entries,
            },
            UdpErrorCorrection::Fec => ErrorCorrection::Fec {
                span: 3,
                entries: 3,
            },
        }
    }

    fn set(&mut self, name: &str, value: Option<&str>) {
        let number = value.and_then(leading_number);
        match name {
            "version" => {
                self.version = number.map_or(self.version, |v| v.min(u32::from(u8::MAX)) as u8);
            }
            "maxbitrate" | "maxrate" | "bitrate" => {
                // A rate below the slowest fax modem means nothing.
                if let Some(rate @ 2_400..) = number {
                    self.max_bit_rate = rate;
                }
            }
            "fillbitremoval" => self.fill_bit_removal = flag(value),
            "transcodingmmr" => self.transcoding_mmr = flag(value),
            "transcodingjbig" => self.transcoding_jbig = flag(value),
            "ratemanagement" => {
                let word = value.unwrap_or("").to_ascii_lowercase();
                self.rate_management = if word.starts_with("local") {
                    RateManagement::LocalTcf
                } else {
                    RateManagement::TransferredTcf
                };
            }
            "maxbuffer" => self.max_buffer = number,
            "maxdatagram" => self.max_datagram = number,
            "maxifp" => self.max_ifp = number,
            "udpec" => {
                let word = value.unwrap_or("").to_ascii_lowercase();
                if word.contains("redundancy") {
                    self.udp_ec = UdpErrorCorrection::Redundancy;
                } else if word.contains("fec") {
                    self.udp_ec = UdpErrorCorrection::Fec;
                }
            }
            _ => {}
        }
    }
}

impl fmt::Display for RateManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TransferredTcf => "transferredTCF",
            Self::LocalTcf => "localTCF",
        })
    }
}

impl fmt::Display for UdpErrorCorrection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "t38UDPNoEC",
            Self::Redundancy => "t38UDPRedundancy",
            Self::Fec => "t38UDPFEC",
        })
    }
}

/// A flag without a value is on; only `0`, `no` and `false` turn it off.
fn flag(value: Option<&str>) -> bool {
    !value.is_some_and(|value| {
        ["0", "no", "false"]
            .iter()
            .any(|off| value.eq_ignore_ascii_case(off))
    })
}

fn leading_number(value: &str) -> Option<u32> {
    let digits = value
        .find(|c: char| !c.is_ascii_digit())
        .map_or(value, |end| &value[..end]);
    digits.parse().ok()
}
