//! Reads a model between a call of `begin` and one of `end`, and with the feature `checksum` compares its checksum in place of that.
//! With any data beside it, the model is one that is to be refused.
#![no_std]
#![no_main]

use bare::{begin, data, end};
use core::hint::black_box;
use thumbnet::Model;

#[unsafe(no_mangle)]
extern "C" fn bare_main() {
    let (bytes, refused) = data();
    if cfg!(feature = "checksum") {
        let Ok(model) = Model::parse(bytes) else { bare::exit(2) };
        begin();
        let right = black_box(model.verify_checksum()).is_ok();
        end();
        if !right {
            bare::exit(3);
        }
    } else {
        begin();
        let right = black_box(Model::parse(black_box(bytes))).is_ok();
        end();
        if right != refused.is_empty() {
            bare::exit(2);
        }
    }
}
