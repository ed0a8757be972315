//! A private S3 server in this process, which can be told to fail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use faxmill::artifact::options::{
    ArtifactOptions, BucketOptions, BucketPlace, Provider, S3Credentials, S3Options, SecretFile,
};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Barrier;

pub(crate) const BUCKET: &str = "faxes";
pub(crate) const ACCESS_KEY_ID: &str = "test-key";
pub(crate) const SECRET: &str = "test secret";

/// What the server does instead of what it was asked for.
pub(crate) enum Fault {
    /// Answers with this status and this code, as S3 does.
    Answer(u16, &'static str),
    /// Answers rightly, and breaks the connection after so many bytes of content.
    Cut(usize),
    /// Waits until so many have come, then goes on.
    Meet(Arc<Meeting>),
    /// Never answers.
    Silence,
}

/// Requests that are answered only together, and how many of them there were at a time.
pub(crate) struct Meeting {
    barrier: Barrier,
    present: AtomicUsize,
    pub(crate) present_max: AtomicUsize,
}

impl Meeting {
    pub(crate) fn of(requests: usize) -> Arc<Self> {
        Arc::new(Self {
            barrier: Barrier::new(requests),
            present: AtomicUsize::new(0),
            present_max: AtomicUsize::new(0),
        })
    }

    async fn wait(&self) {
        let present = self.present.fetch_add(1, Ordering::SeqCst) + 1;
        self.present_max.fetch_max(present, Ordering::SeqCst);
        self.barrier.wait().await;
    }
}

type Plan = Arc<Mutex<Box<dyn FnMut(&str) -> Option<Fault> + Send>>>;

pub(crate) struct S3Server {
    pub(crate) port: u16,
    plan: Plan,
    runtime: Option<Runtime>,
    folder: tempfile::TempDir,
}

impl S3Server {
    /// A server with one empty bucket.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        fs::write(Self::secret_file(folder.path()), SECRET).expect("a secret");
        let files = FileSystem::new(folder.path()).expect("a file system");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET));
        let service = service.build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        listener.set_nonblocking(true).expect("it does not block");
        let plan: Plan = Arc::new(Mutex::new(Box::new(|_| None)));
        let plans = Arc::clone(&plan);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, service.clone(), Arc::clone(&plans)));
            }
        });
        Self {
            port,
            plan,
            runtime: Some(runtime),
            folder,
        }
    }

    /// Says of each request from now on, given as `METHOD /path?query encryption:WHICH`, what is
    /// done instead.
    pub(crate) fn plan(&self, plan: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        *self.plan.lock().expect("no panic") = Box::new(plan);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn s3(&self) -> S3Options {
        Self::s3_at(self.url(), &Self::secret_file(self.folder.path()))
    }

    /// How a server, maybe of another process, is reached.
    pub(crate) fn s3_at(url: String, secret: &Path) -> S3Options {
        S3Options {
            endpoint: Some(url),
            allow_http: true,
            credentials: Some(S3Credentials {
                access_key_id: ACCESS_KEY_ID.to_owned(),
                secret_access_key: SecretFile::read(secret).expect("a secret"),
                session_token: None,
            }),
            ..S3Options::default()
        }
    }

    /// A bucket of the server, with little patience.
    pub(crate) fn options_with(url: &str, s3: S3Options) -> ArtifactOptions {
        let (_, place) = BucketPlace::parse(url).expect("a URL");
        let mut options = BucketOptions::new(place, Provider::S3(s3));
        options.timing.connect = Duration::from_secs(1);
        options.timing.idle = Duration::from_secs(2);
        options.timing.retry = Duration::from_secs(1);
        ArtifactOptions::Bucket(Box::new(options))
    }

    pub(crate) fn options(&self) -> ArtifactOptions {
        Self::options_with(&format!("s3://{BUCKET}"), self.s3())
    }

    /// Where on the disk the server keeps what has this key.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }

    /// The parts and records of uploads that were not ended.
    pub(crate) fn open_uploads(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path()).expect("the server's folder");
        let names = entries.map(|entry| entry.expect("an entry").path());
        names
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with(".upload")
            })
            .collect()
    }

    /// The file that holds the secret of the server's only key.
    pub(crate) fn secret_file(folder: &Path) -> PathBuf {
        folder.join(".secret")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It may be dropped within another runtime, where nothing may block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(stream: TcpStream, service: S3Service, plan: Plan) {
    let handler = service_fn(move |request: Request<Incoming>| {
        let mut asked = format!("{} {}", request.method(), request.uri());
        for (name, value) in request.headers() {
            if name.as_str().starts_with("x-amz-server-side-encryption") {
                let value = value.to_str().unwrap_or_default();
                asked = format!("{asked} encryption:{value}");
            }
        }
        let fault = plan.lock().expect("no panic")(&asked);
        let service = service.clone();
        async move { answer(request, &service, fault).await }
    });
    // A client that goes away is its own affair.
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), handler)
        .await;
}

async fn answer(
    mut request: Request<Incoming>,
    service: &S3Service,
    fault: Option<Fault>,
) -> Result<Response<Cuttable>, io::Error> {
    let mut left = usize::MAX;
    let mut meeting = None;
    match fault {
        None => {}
        Some(Fault::Cut(bytes)) => left = bytes,
        Some(Fault::Meet(all)) => {
            all.wait().await;
            meeting = Some(all);
        }
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Answer(status, code)) => {
            // A client that is still sending would not hear the answer.
            let body = request.body_mut();
            while let Some(frame) =
                std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
            {
                frame.map_err(io::Error::other)?;
            }
            let text = format!("<Error><Code>{code}</Code><Message>as planned</Message></Error>");
            let inner = s3s::Body::from(text);
            let response = Response::builder().status(status);
            let response = response.body(Cuttable { inner, left });
            return response.map_err(io::Error::other);
        }
    }
    let response = service
        .call(request.map(s3s::Body::from))
        .await
        .map_err(|error| io::Error::other(format!("{error:?}")))?;
    if let Some(all) = meeting {
        all.present.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(response.map(|inner| Cuttable { inner, left }))
}

/// An answer's content, which may end too early.
struct Cuttable {
    inner: s3s::Body,
    left: usize,
}

impl Body for Cuttable {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(Some(Err(io::Error::other("cut, as planned"))));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.left = self.left.saturating_sub(data.len());
        }
        Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
