//! The `faxmill` command.

mod render;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use faxmill::convert::{ConvertOptions, Renderer, convert_file};
use faxmill::units::Resolution;

#[derive(Parser)]
enum Command {
    #[command(hide = true)]
    RenderChild(render::RenderArgs),
    Convert {
        input: PathBuf,
        #[arg(short, long)]
        output: PathBuf,
        #[arg(short, long, default_value_t)]
        resolution: Resolution,
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::RenderChild(args) => render::run(&args),
        Command::Convert {
            input,
            output,
            resolution,
            json,
        } => {
            let converted = Renderer::find().and_then(|renderer| {
                let options = ConvertOptions {
                    resolution,
                    ..ConvertOptions::new(renderer)
                };
                let never = AtomicBool::new(false);
                convert_file(&input, &output, &options, &mut |_| {}, &never)
            });
            match converted {
                Ok(report) if json => println!("{}", serde_json::json!(report)),
                Ok(report) => println!("{} pages", report.pages.len()),
                Err(error) => {
                    let (code, message) = (error.code(), error.to_string());
                    println!(
                        "{}",
                        serde_json::json!({"error": {"code": code, "message": message}})
                    );
                    return ExitCode::from(65);
                }
            }
            ExitCode::SUCCESS
        }
    }
}
