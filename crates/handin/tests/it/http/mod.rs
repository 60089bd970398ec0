//! Every endpoint: what it answers, and what it refuses.

mod access;
mod exams;
mod health;
mod input;
mod pace;
mod pages;
mod receipts;
mod recordings;
mod rehearsal;
mod roster;
mod seal;
mod sign;
mod sitting;
mod sittings;
mod tokens;
