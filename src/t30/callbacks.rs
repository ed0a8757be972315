//! The C functions that the engine calls: each hands its arguments to the [`Recorder`].
//!
//! A panic must not unwind into C, so each body is caught; the record then ends the session.
//!
//! [`Recorder`]: super::recorder::Recorder
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use spandsp_sys as sys;

use super::code::T30Code;
use super::engine::{Hooks, far_equipment, statistics};
use super::event::Direction;

const ACCEPT: c_int = 0;
const REFUSE: c_int = -1;

pub(super) unsafe extern "C" fn tx_packet(
    _core: *mut sys::t38_core_state_t,
    user: *mut c_void,
    packet: *const u8,
    length: c_int,
    copies: c_int,
) -> c_int {
    let sent = with_hooks(user, |hooks| {
        // SAFETY: the engine passes a buffer of `length` octets.
        let bytes = unsafe { octets(packet, length) };
        let copies = u8::try_from(copies).unwrap_or(1);
        hooks.recorder.packet(bytes, copies)
    });
    if sent == Some(true) { ACCEPT } else { REFUSE }
}

pub(super) unsafe extern "C" fn phase_b(user: *mut c_void, _frame: c_int) -> c_int {
    with_hooks(user, |hooks| {
        // SAFETY: the engine calls with the state it was set up with.
        let equipment = unsafe { far_equipment(hooks.t30) };
        hooks.recorder.far_equipment(equipment);
    });
    ACCEPT
}

pub(super) unsafe extern "C" fn phase_d(user: *mut c_void, frame: c_int) -> c_int {
    with_hooks(user, |hooks| {
        // SAFETY: the engine calls with the state it was set up with.
        let (page, stored) = unsafe {
            (
                statistics(hooks.t30),
                sys::t30_receive_output_error(hooks.t30) == 0,
            )
        };
        hooks.recorder.phase_d(frame as u8, &page, stored);
    });
    ACCEPT
}

pub(super) unsafe extern "C" fn phase_e(user: *mut c_void, code: c_int) {
    with_hooks(user, |hooks| hooks.recorder.phase_e(code));
}

pub(super) unsafe extern "C" fn frame(
    user: *mut c_void,
    incoming: bool,
    message: *const u8,
    length: c_int,
) {
    let direction = if incoming {
        Direction::Received
    } else {
        Direction::Sent
    };
    with_hooks(user, |hooks| {
        // SAFETY: the engine passes a buffer of `length` octets.
        let bytes = unsafe { octets(message, length) };
        hooks.recorder.frame(direction, bytes);
        if hooks.recorder.comes_too_late(direction, bytes) {
            hooks.recorder.label_end(T30Code::PageUnrepeatable);
            // SAFETY: the engine copies the string; without a file it answers DCS with DCN.
            unsafe { sys::t30_set_rx_file(hooks.t30, c"".as_ptr(), -1) };
        }
    });
}

fn with_hooks<T>(user: *mut c_void, body: impl FnOnce(&mut Hooks) -> T) -> Option<T> {
    // SAFETY: the user pointer is the engine's hooks, which outlive it; callbacks run one at a
    // time inside calls that borrow the engine mutably, so this is the only reference.
    let hooks = unsafe { user.cast::<Hooks>().as_mut() }?;
    let result = catch_unwind(AssertUnwindSafe(|| body(hooks))).ok();
    if result.is_none() {
        hooks.recorder.callback_failed();
    }
    result
}

/// # Safety
///
/// The pointer must be null or point to `length` octets.
unsafe fn octets<'a>(pointer: *const u8, length: c_int) -> &'a [u8] {
    match usize::try_from(length) {
        // SAFETY: the caller vouches for the length.
        Ok(length) if !pointer.is_null() => unsafe { std::slice::from_raw_parts(pointer, length) },
        _ => &[],
    }
}
