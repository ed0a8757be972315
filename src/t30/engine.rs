//! The handle to one spandsp terminal: the only place that calls into the engine.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Once;

use spandsp_sys as sys;

use super::callbacks;
use super::config::{CallSide, Ecm, FaxRole, Modems, SessionConfig};
use super::error::T30Error;
use super::event::{FarEquipment, LineCoding};
use super::image_libraries::load_image_libraries;
use super::preflight::MAX_PATH_BYTES;
use super::recorder::{PageStatistics, Recorder};
use super::session::SAMPLES_PER_TICK;
use crate::units::{PageWidth, Resolution};

/// Constants of `t4_rx.h` whose anonymous enums the bindings leave out.
mod t4 {
    pub(super) const RESOLUTION_R8_STANDARD: i32 = 0x1;
    pub(super) const RESOLUTION_R8_FINE: i32 = 0x2;
    pub(super) const RESOLUTION_R8_SUPERFINE: i32 = 0x4;
    pub(super) const RESOLUTION_200_100: i32 = 0x20;
    pub(super) const RESOLUTION_200_200: i32 = 0x40;
    pub(super) const RESOLUTION_200_400: i32 = 0x80;
    pub(super) const WIDTH_215_MM: i32 = 0x01;
    pub(super) const WIDTH_255_MM: i32 = 0x02;
    pub(super) const WIDTH_303_MM: i32 = 0x04;
    pub(super) const LENGTH_UNLIMITED: i32 = 0x1_0000;
    pub(super) const LENGTH_A4: i32 = 0x2_0000;
    pub(super) const LENGTH_B4: i32 = 0x4_0000;
    pub(super) const LENGTH_US_LETTER: i32 = 0x8_0000;
    pub(super) const LENGTH_US_LEGAL: i32 = 0x10_0000;
}

type TiffMessageHandler = Option<unsafe extern "C" fn(*const c_char, *const c_char, *mut c_void)>;

unsafe extern "C" {
    fn TIFFSetErrorHandler(handler: TiffMessageHandler) -> TiffMessageHandler;
    fn TIFFSetWarningHandler(handler: TiffMessageHandler) -> TiffMessageHandler;
}

/// What the engine's callbacks reach through their user pointer.
pub(super) struct Hooks {
    pub(super) t30: *mut sys::t30_state_t,
    pub(super) recorder: Recorder,
}

/// One engine with the record of what it did.
pub(super) struct Engine {
    terminal: NonNull<sys::t38_terminal_state_t>,
    t30: NonNull<sys::t30_state_t>,
    core: NonNull<sys::t38_core_state_t>,
    /// Owned; a raw pointer because the engine keeps a copy for its callbacks.
    hooks: NonNull<Hooks>,
}

// SAFETY: the terminal and the hooks are reached through this handle alone, the engine has no
// thread-local state, and its callbacks run only inside calls made with `&mut self`.
unsafe impl Send for Engine {}

// SAFETY: a shared handle reaches only the record, which is plain data of ours that nothing changes
// while it is shared: every call into the engine, and so every callback, borrows `self` mutably.
unsafe impl Sync for Engine {}

impl Engine {
    pub(super) fn new(config: &SessionConfig, recorder: Recorder) -> Result<Self, T30Error> {
        load_image_libraries()?;
        silence_libtiff();
        let hooks = NonNull::from(Box::leak(Box::new(Hooks {
            t30: ptr::null_mut(),
            recorder,
        })));
        // SAFETY: a null state asks for a new one; the hooks outlive it (see `Drop`).
        let terminal = unsafe {
            sys::t38_terminal_init(
                ptr::null_mut(),
                config.side == CallSide::Calling,
                Some(callbacks::tx_packet),
                hooks.as_ptr().cast(),
            )
        };
        let Some(terminal) = NonNull::new(terminal) else {
            // SAFETY: the pointer came from `Box::leak` above and nothing else kept it.
            drop(unsafe { Box::from_raw(hooks.as_ptr()) });
            return Err(T30Error::Engine { what: "memory" });
        };
        // SAFETY: both return pointers into the terminal, which is valid.
        let (t30, core) = unsafe {
            (
                sys::t38_terminal_get_t30_state(terminal.as_ptr()),
                sys::t38_terminal_get_t38_core_state(terminal.as_ptr()),
            )
        };
        let mut engine = Self {
            terminal,
            t30: NonNull::new(t30).ok_or(T30Error::Engine { what: "T.30" })?,
            core: NonNull::new(core).ok_or(T30Error::Engine { what: "T.38" })?,
            hooks,
        };
        // SAFETY: no callback runs here, so no other reference to the hooks exists.
        unsafe { (*engine.hooks.as_ptr()).t30 = t30 };
        engine.set_callbacks();
        engine.set_transport(config);
        engine.set_abilities(config);
        engine.set_identity(&config.ident)?;
        engine.set_document(&config.role)?;
        Ok(engine)
    }

    /// Lets the engine's time pass by one tick.
    pub(super) fn tick(&mut self) {
        // SAFETY: the terminal is valid.
        unsafe {
            sys::t38_terminal_send_timeout(self.terminal.as_ptr(), SAMPLES_PER_TICK as c_int)
        };
    }

    /// Hands over one packet written by [`super::guard`].
    pub(super) fn receive(&mut self, packet: &[u8]) {
        let Ok(length) = c_int::try_from(packet.len()) else {
            return;
        };
        // SAFETY: the engine reads `length` octets and keeps no pointer. Sequence numbers are not
        // checked by it (see `set_transport`), so any number will do.
        unsafe {
            sys::t38_core_rx_ifp_packet(self.core.as_ptr(), packet.as_ptr(), length, 0);
        }
    }

    /// Ends the call from our side.
    pub(super) fn terminate(&mut self) {
        // SAFETY: the T.30 state is valid.
        unsafe { sys::t30_terminate(self.t30.as_ptr()) };
    }

    /// Figures of the page in progress.
    pub(super) fn statistics(&mut self) -> PageStatistics {
        // SAFETY: the T.30 state is valid.
        unsafe { statistics(self.t30.as_ptr()) }
    }

    /// The record of what the engine did, to look at.
    pub(super) fn record(&self) -> &Recorder {
        // SAFETY: callbacks run only inside methods that borrow `self` mutably.
        unsafe { &(*self.hooks.as_ptr()).recorder }
    }

    /// The record of what the engine did.
    pub(super) fn recorder(&mut self) -> &mut Recorder {
        // SAFETY: callbacks run only inside the other methods, which borrow `self` mutably.
        unsafe { &mut (*self.hooks.as_ptr()).recorder }
    }

    fn set_callbacks(&mut self) {
        let (t30, user) = (self.t30.as_ptr(), self.hooks.as_ptr().cast::<c_void>());
        // SAFETY: the callbacks fit their types and the hooks outlive the engine.
        unsafe {
            sys::t30_set_phase_b_handler(t30, Some(callbacks::phase_b), user);
            sys::t30_set_phase_d_handler(t30, Some(callbacks::phase_d), user);
            sys::t30_set_phase_e_handler(t30, Some(callbacks::phase_e), user);
            sys::t30_set_real_time_frame_handler(t30, Some(callbacks::frame), user);
        }
    }

    fn set_transport(&mut self, config: &SessionConfig) {
        let (terminal, core) = (self.terminal.as_ptr(), self.core.as_ptr());
        // SAFETY: plain setters on valid states.
        unsafe {
            sys::t38_terminal_set_config(terminal, 0);
            sys::t38_terminal_set_tep_mode(terminal, false);
            sys::t38_terminal_set_fill_bit_removal(terminal, config.t38.fill_bit_removal);
            sys::t38_set_fill_bit_removal(core, config.t38.fill_bit_removal);
            sys::t38_set_t38_version(core, c_int::from(config.t38.version.min(1)));
            sys::t38_set_max_datagram_size(core, c_int::from(config.t38.datagram_bytes_max));
            sys::t38_set_sequence_number_handling(core, false);
        }
    }

    fn set_abilities(&mut self, config: &SessionConfig) {
        let t30 = self.t30.as_ptr();
        let ecm = config.ecm == Ecm::On;
        let mut codings = sys::t4_image_compression_t_T4_COMPRESSION_T4_1D
            | sys::t4_image_compression_t_T4_COMPRESSION_T4_2D;
        if ecm {
            codings |= sys::t4_image_compression_t_T4_COMPRESSION_T6;
        }
        // SAFETY: plain setters on a valid state.
        unsafe {
            sys::t30_set_ecm_capability(t30, ecm);
            sys::t30_set_supported_modems(t30, supported_modems(config.modems));
            sys::t30_set_supported_compressions(t30, codings as c_int);
            sys::t30_set_supported_output_compressions(
                t30,
                sys::t4_image_compression_t_T4_COMPRESSION_T6 as c_int,
            );
            sys::t30_set_supported_bilevel_resolutions(t30, supported_resolutions(config));
            sys::t30_set_supported_image_sizes(t30, supported_sizes(config));
            sys::t30_set_retransmit_capable(t30, true);
        }
    }

    fn set_identity(&mut self, ident: &str) -> Result<(), T30Error> {
        let refuse = || T30Error::Ident {
            ident: ident.to_owned(),
        };
        let text = CString::new(ident).map_err(|_| refuse())?;
        // SAFETY: the engine copies the string.
        match unsafe { sys::t30_set_tx_ident(self.t30.as_ptr(), text.as_ptr()) } {
            0 => Ok(()),
            _ => Err(refuse()),
        }
    }

    fn set_document(&mut self, role: &FaxRole) -> Result<(), T30Error> {
        let t30 = self.t30.as_ptr();
        match role {
            FaxRole::Transmit { tiff, first_page } => {
                let (path, first) = (c_path(tiff)?, c_int::try_from(*first_page).unwrap_or(0));
                // SAFETY: the engine copies the path.
                unsafe { sys::t30_set_tx_file(t30, path.as_ptr(), first, -1) };
            }
            FaxRole::Receive { tiff } => {
                let path = c_path(tiff)?;
                // SAFETY: the engine copies the path.
                unsafe { sys::t30_set_rx_file(t30, path.as_ptr(), -1) };
            }
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: both were made by `new` and are freed once, the engine before what it points to.
        unsafe {
            sys::t38_terminal_free(self.terminal.as_ptr());
            drop(Box::from_raw(self.hooks.as_ptr()));
        }
    }
}

/// Reads the figures of the page in progress.
///
/// # Safety
///
/// The state must be a valid one.
pub(super) unsafe fn statistics(t30: *mut sys::t30_state_t) -> PageStatistics {
    let mut raw = sys::t30_stats_t::default();
    // SAFETY: the caller vouches for the state; the guard keeps rates out of DCS and CTC for which
    // the engine would read outside its rate table.
    unsafe { sys::t30_get_transfer_statistics(t30, &raw mut raw) };
    let count = |value: c_int| u32::try_from(value).unwrap_or(0);
    PageStatistics {
        bit_rate: count(raw.bit_rate),
        ecm: raw.error_correcting_mode != 0,
        pages_sent: count(raw.pages_tx),
        pages_received: count(raw.pages_rx),
        width: count(raw.width),
        rows: count(raw.length),
        resolution: resolution(raw.y_resolution),
        coding: line_coding(raw.compression),
        bytes: u64::from(count(raw.image_size)),
        bad_rows: count(raw.bad_rows),
        longest_bad_run: count(raw.longest_bad_row_run),
        ecm_retries: count(raw.error_correcting_mode_retries),
    }
}

/// Reads what the far end told about its maker.
///
/// # Safety
///
/// The state must be a valid one.
pub(super) unsafe fn far_equipment(t30: *mut sys::t30_state_t) -> FarEquipment {
    // SAFETY: the engine returns null or a string of its static tables.
    let text = |pointer: *const c_char| unsafe {
        (!pointer.is_null()).then(|| CStr::from_ptr(pointer).to_string_lossy().into_owned())
    };
    // SAFETY: the caller vouches for the state.
    unsafe {
        FarEquipment {
            country: text(sys::t30_get_rx_country(t30)),
            vendor: text(sys::t30_get_rx_vendor(t30)),
            model: text(sys::t30_get_rx_model(t30)),
        }
    }
}

/// libtiff writes warnings to standard error unless told otherwise, for the whole process.
fn silence_libtiff() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: null handlers are documented to mean silence.
        unsafe {
            TIFFSetErrorHandler(None);
            TIFFSetWarningHandler(None);
        }
    });
}

fn c_path(path: &Path) -> Result<CString, T30Error> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() > MAX_PATH_BYTES {
        return Err(T30Error::PathTooLong {
            path: path.to_owned(),
            max: MAX_PATH_BYTES,
        });
    }
    CString::new(bytes).map_err(|_| T30Error::PathWithNul {
        path: path.to_owned(),
    })
}

fn supported_modems(modems: Modems) -> c_int {
    let bits = match modems {
        Modems::UpToV17 => sys::T30_SUPPORT_V27TER | sys::T30_SUPPORT_V29 | sys::T30_SUPPORT_V17,
        Modems::UpToV29 => sys::T30_SUPPORT_V27TER | sys::T30_SUPPORT_V29,
        Modems::V27terOnly => sys::T30_SUPPORT_V27TER,
    };
    bits as c_int
}

/// Densities offered: metric ones, and when sending the inch ones that a file may be stored in.
fn supported_resolutions(config: &SessionConfig) -> c_int {
    let (finest, inches) = match config.role {
        FaxRole::Transmit { .. } => (
            Resolution::Superfine,
            t4::RESOLUTION_200_100 | t4::RESOLUTION_200_200 | t4::RESOLUTION_200_400,
        ),
        FaxRole::Receive { .. } => (config.resolution_max, 0),
    };
    let metric = match finest {
        Resolution::Standard => t4::RESOLUTION_R8_STANDARD,
        Resolution::Fine => t4::RESOLUTION_R8_STANDARD | t4::RESOLUTION_R8_FINE,
        Resolution::Superfine => {
            t4::RESOLUTION_R8_STANDARD | t4::RESOLUTION_R8_FINE | t4::RESOLUTION_R8_SUPERFINE
        }
    };
    metric | inches
}

fn supported_sizes(config: &SessionConfig) -> c_int {
    let widest = match config.role {
        FaxRole::Transmit { .. } => PageWidth::A3,
        FaxRole::Receive { .. } => config.width_max,
    };
    let widths = match widest {
        PageWidth::A4 => t4::WIDTH_215_MM,
        PageWidth::B4 => t4::WIDTH_215_MM | t4::WIDTH_255_MM,
        PageWidth::A3 => t4::WIDTH_215_MM | t4::WIDTH_255_MM | t4::WIDTH_303_MM,
    };
    widths
        | t4::LENGTH_UNLIMITED
        | t4::LENGTH_A4
        | t4::LENGTH_B4
        | t4::LENGTH_US_LETTER
        | t4::LENGTH_US_LEGAL
}

/// The density of a page from the engine's lines per metre, metric or inch.
fn resolution(lines_per_metre: c_int) -> Option<Resolution> {
    match lines_per_metre {
        3_850 | 3_937 => Some(Resolution::Standard),
        7_700 | 7_874 => Some(Resolution::Fine),
        15_400 | 15_748 => Some(Resolution::Superfine),
        _ => None,
    }
}

fn line_coding(compression: c_int) -> LineCoding {
    match u32::try_from(compression) {
        Ok(sys::t4_image_compression_t_T4_COMPRESSION_T4_1D) => LineCoding::Mh,
        Ok(sys::t4_image_compression_t_T4_COMPRESSION_T4_2D) => LineCoding::Mr,
        Ok(sys::t4_image_compression_t_T4_COMPRESSION_T6) => LineCoding::Mmr,
        _ => LineCoding::Other,
    }
}
