//! The time on the line that the report predicts is the time that a call takes.

use std::time::Duration;

use faxmill::convert::{LineRate, call_seconds, page_seconds};
use faxmill::t4::{Bitmap, EncodeOptions, encode};
use faxmill::t30::{Event, Modems};

use super::Scratch;
use super::pages::{Page, letter};
use super::pair::{Line, Pair, SENDER, receiving, sending};

/// Noise, which no coding makes small: three blocks of frames.
fn noise() -> Page {
    let mut random = fastrand::Rng::with_seed(5);
    let mut page = letter(1);
    page.bits.truncate(216 * 500);
    page.rows = 500;
    page.bits.fill_with(|| random.u8(..) & random.u8(..));
    page
}

/// What was predicted and what it took, page by page, the call without pages last.
fn compare(pages: Vec<Page>, rate: LineRate) -> Vec<(f64, f64)> {
    let scratch = Scratch::with(pages);
    let mut sender = sending(&scratch.source);
    sender.modems = Modems::within(rate.bits_per_second());
    let mut pair = Pair::new(&sender, &receiving(&scratch.target), Line::perfect());
    pair.run();
    let end = &pair.ends[SENDER];
    assert!(end.outcome().complete);
    let confirmed: Vec<Duration> = end
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::PageConfirmed(_)))
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(confirmed.len(), scratch.pages.len());
    let predicted: Vec<f64> = scratch
        .pages
        .iter()
        .map(|page| {
            let bitmap = Bitmap::from_packed(page.width, page.bits.clone());
            page_seconds(&encode(&bitmap, &EncodeOptions::mmr()), rate)
        })
        .collect();
    let mut compared: Vec<(f64, f64)> = Vec::new();
    for (pair, predicted) in confirmed.windows(2).zip(&predicted[1..]) {
        compared.push((*predicted, pair[1].as_secs_f64() - pair[0].as_secs_f64()));
    }
    let all = predicted.iter().sum::<f64>() + call_seconds(rate);
    compared.push((all, pair.now.as_secs_f64()));
    compared
}

#[test]
fn predicted_times_are_those_of_a_call() {
    for rate in [LineRate::V17At14400, LineRate::V29At9600] {
        let compared = compare(vec![letter(1), letter(2), noise()], rate);
        for (predicted, taken) in compared {
            assert!(
                (predicted / taken - 1.0).abs() < 0.05,
                "{rate:?}: {predicted:.2} s predicted, {taken:.2} s taken"
            );
        }
    }
}
