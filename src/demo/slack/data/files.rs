//! Files, which come with messages.

use super::super::ts::Ts;
use super::random::{id, pick, second};
use super::words::THINGS;
use super::{Data, File, Kind};

/// Adds a file that is shared with one message; its position.
pub(super) fn add(data: &mut Data, channel: usize, user: usize, ts: Ts, random: &mut fastrand::Rng) -> usize {
    let made = data.files.len();
    let kind = made % File::KINDS.len();
    let thing = pick(random, &THINGS);
    let ending = match File::KINDS[kind].0 {
        "text" => "txt",
        ending => ending,
    };
    data.files.push(File {
        id: id(random, 'F'),
        made,
        // Uploaded a little before it is told of; every seventh together with others at the full minute.
        created: if made % 7 == 3 { second(Ts(ts.0 - ts.0.rem_euclid(60_000_000))) } else { second(Ts(ts.0 - 1_500_000)) },
        name: format!("{}-{made}.{ending}", thing.replace(' ', "_")),
        title: if made % 5 == 4 { format!("{thing} – größer & \"besser\" 💡") } else { format!("{thing} {made}") },
        kind,
        user,
        size: random.i64(0..4_000_000),
        shares: vec![(channel, ts)],
    });
    made
}

impl File {
    /// Whether one of the conversations is public that it was shared in.
    pub fn public(&self, data: &Data) -> bool {
        self.shares.iter().any(|(channel, _)| data.channels[*channel].kind == Kind::Public)
    }
}
