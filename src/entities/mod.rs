//! What a text names: telephone numbers, amounts of money, addresses, URLs, wallets, dates.
//!
//! Own scanners, each linear in the text. They read behind invisible characters, look-alikes and
//! decorated digits; what they find is given as written, beside its normal form.

mod addresses;
mod date;
mod glyph;
mod money;
mod numbering;
mod phone;
mod phone_context;
mod phone_words;
mod runs;
mod wallet;

pub use addresses::{FoundEmail, FoundUrl, email_addresses, urls};
pub use date::{FoundDate, dates};
pub use money::{MoneyAmount, money_amounts};
pub use phone::{PhoneNumber, phone_numbers};
pub use wallet::{CHAINS, Wallet, wallets};
