//! What a waiting process is handed: one message of settings as JSON, and open files beside it.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
};

use super::render_child::RenderSettings;

/// Longest settings that are passed: the library's path is what varies.
const SETTINGS_BYTES_MAX: usize = 16 << 10;

/// The document, the pipes for pages and complaints, and the line to whoever asked.
const FILES_MAX: usize = 4;

/// The two ends of a channel for requests, closed in programs that either process starts.
pub(super) fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    let ends = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    Ok(ends)
}

/// A request to render one document.
pub(super) struct Request {
    /// What to do with it.
    pub(super) settings: RenderSettings,
    /// The document.
    pub(super) document: File,
    /// Where pages go.
    pub(super) pages: OwnedFd,
    /// Where the process's error stream goes.
    pub(super) complaints: OwnedFd,
    /// To tell a host to end the process, and to hear of its end; absent where the process is the
    /// asker's own.
    pub(super) line: Option<OwnedFd>,
}

/// Sends a request, whose files are copied into the message.
pub(super) fn send(
    channel: BorrowedFd<'_>,
    settings: &RenderSettings,
    files: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let settings = serde_json::to_vec(settings)?;
    if settings.len() > SETTINGS_BYTES_MAX {
        return Err(io::Error::other("the settings are too long"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::Error::other("too many files for a request"));
    }
    let message = [IoSlice::new(&settings)];
    sendmsg(channel, &message, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for a request; `None` when nobody can send one any more.
pub(super) fn receive(channel: BorrowedFd<'_>) -> io::Result<Option<Request>> {
    let mut bytes = vec![0; SETTINGS_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let message = &mut [IoSliceMut::new(&mut bytes)];
        match recvmsg(channel, message, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            received => break received?,
        }
    };
    if received.bytes == 0 {
        return Ok(None);
    }
    let cut = ReturnFlags::TRUNC | ReturnFlags::CTRUNC;
    if received.flags.intersects(cut) {
        return Err(malformed("a request that is too long"));
    }
    let mut files = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        })
        .flatten();
    let (Some(document), Some(pages), Some(complaints)) =
        (files.next(), files.next(), files.next())
    else {
        return Err(malformed("a request without its files"));
    };
    Ok(Some(Request {
        settings: serde_json::from_slice(&bytes[..received.bytes])?,
        document: File::from(document),
        pages,
        complaints,
        line: files.next(),
    }))
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::path::PathBuf;

    use super::*;
    use crate::convert::{DocumentKind, RenderShare};
    use crate::limits::Limits;
    use crate::units::{PageFit, PageWidth, Resolution, ToneMode};

    fn settings(library: &str) -> RenderSettings {
        RenderSettings {
            kind: DocumentKind::Pdf,
            pdfium: PathBuf::from(library),
            resolution: Resolution::Fine,
            width_max: PageWidth::A4,
            mode: ToneMode::default(),
            fit: PageFit::default(),
            survey: true,
            share: RenderShare::default(),
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_request_arrives_with_its_files() {
        let (ours, theirs) = channel().unwrap();
        let mut document = tempfile::tempfile().unwrap();
        document.write_all(b"document").unwrap();
        document.rewind().unwrap();
        let (_reader, writer) = io::pipe().unwrap();
        let files = [document.as_fd(), writer.as_fd(), writer.as_fd()];
        send(ours.as_fd(), &settings("/some/library.so"), &files).unwrap();
        drop(document);
        let mut request = receive(theirs.as_fd()).unwrap().unwrap();
        let mut text = String::new();
        request.document.read_to_string(&mut text).unwrap();
        assert_eq!(text, "document");
        assert_eq!(request.settings.pdfium, PathBuf::from("/some/library.so"));
        assert!(request.line.is_none());
        drop(ours);
        assert!(receive(theirs.as_fd()).unwrap().is_none(), "nobody is left");
    }

    #[test]
    fn a_request_that_is_none_is_an_error() {
        let (ours, theirs) = channel().unwrap();
        let null = File::open("/dev/null").unwrap();
        send(ours.as_fd(), &settings("x"), &[null.as_fd()]).unwrap();
        assert!(receive(theirs.as_fd()).is_err(), "one file is not enough");
        let long = "x".repeat(SETTINGS_BYTES_MAX);
        assert!(send(ours.as_fd(), &settings(&long), &[null.as_fd()]).is_err());
        let other = [IoSlice::new(b"not JSON")];
        let mut nothing = SendAncillaryBuffer::default();
        sendmsg(&ours, &other, &mut nothing, SendFlags::empty()).unwrap();
        assert!(receive(theirs.as_fd()).is_err());
    }
}
