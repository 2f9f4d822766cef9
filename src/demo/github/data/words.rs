//! Words to make titles and texts of.

/// What is done.
pub(super) const VERBS: [&str; 12] =
    ["Fix", "Add", "Remove", "Speed up", "Rework", "Document", "Test", "Cache", "Guard", "Split", "Rename", "Drop"];
/// To what it is done.
pub(super) const THINGS: [&str; 16] = [
    "glare index rounding",
    "the fixture picker",
    "IES import",
    "daylight sampling",
    "room outline snapping",
    "login redirect",
    "invoice totals",
    "lux heat map",
    "offline sync",
    "API token rotation",
    "CSV export",
    "dimming curves",
    "photometric cache",
    "undo stack",
    "Safari rendering",
    "queue back-pressure",
];
/// Titles that trip careless code.
pub(super) const ODD_TITLES: [&str; 9] = [
    "Crash when \"quoted\" names meet 'apostrophes' 🚀",
    "50% of rows_lost in a\\b paths",
    "Ligne de lumière: été à 100 % — naïve façade",
    "<script>alert(1)</script> & friends",
    "照度の計算がずれる",
    "NULL",
    "'; drop table luminaires; --",
    "👩‍💻 pairing: 🟢/🔴 status",
    "0",
];
/// Bodies that are nearly none.
pub(super) const EMPTY_BODIES: [&str; 4] = ["", " ", "\r\n", "<!-- describe the change -->"];
/// What people write below.
pub(super) const REMARKS: [&str; 8] = [
    "Looks good to me.",
    "Can you add a test for the dark-sky case?",
    "I see this on Firefox only.\r\n\r\n```\nTypeError: lux is undefined\n```",
    "Thanks! 🎉",
    "> quoted\n\nDisagree; the cache is cold there.",
    "Blocked until the next firmware.",
    "+1",
    "Measured again: 12.4 % slower, \"as expected\".",
];
