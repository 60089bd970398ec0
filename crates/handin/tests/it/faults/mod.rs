//! What goes wrong in the field, seen through the API: a precise answer each time, and nothing lost.

mod gate;
mod scene;

mod clock;
mod database;
mod mend;
mod killed;
mod overload;
mod retention;
mod rotation;
mod store;
mod tiers;
mod together;
