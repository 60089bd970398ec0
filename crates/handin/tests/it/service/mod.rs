//! What services do between the calls that a client can see.

mod erase;
