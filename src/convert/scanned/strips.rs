//! The image of a page in one piece: scanners cut it in strips to save their own memory.

use lopdf::Document;

use super::image::Image;
use super::page::{EDGE_POINTS_MAX, ImagePage, PlacedImage};
use super::picture::Picture;
use super::place::orientation_of;
use crate::convert::orientation::Orientation;
use crate::limits::Limits;

/// The only image of a page, or the image that all of them make up; where it lies on the page (left,
/// bottom, right, top) and how.
pub(super) fn whole_image(
    document: &Document,
    page: &ImagePage<'_>,
    limits: &Limits,
) -> Option<(Picture, ([f64; 4], Orientation))> {
    if let [image] = page.images.as_slice() {
        let picture = read(document, image, limits)?.decode(limits)?;
        let orientation = orientation_of(image.painted.matrix);
        return Some((picture, (image.bounds, orientation)));
    }
    let mut strips: Vec<&PlacedImage<'_>> = page.images.iter().collect();
    strips.sort_by(|a, b| b.bounds[3].total_cmp(&a.bounds[3]));
    let images: Option<Vec<Image<'_>>> = strips
        .iter()
        .map(|strip| read(document, strip, limits))
        .collect();
    let images = images?;
    let bounds = whole_bounds(&strips, &images)?;
    let pixels: u64 = images
        .iter()
        .map(|image| u64::from(image.width) * u64::from(image.height))
        .sum();
    if pixels > limits.image_pixels_max {
        return None;
    }
    let pictures: Option<Vec<Picture>> = images.iter().map(|image| image.decode(limits)).collect();
    Some((Picture::stack(pictures?)?, (bounds, Orientation::default())))
}

fn read<'a>(document: &'a Document, image: &PlacedImage<'a>, limits: &Limits) -> Option<Image<'a>> {
    Image::read(document, image.stream, image.painted.is_fill_black, limits)
}

/// The rectangle that strips, topmost first, fill without gaps, each in the height that its rows
/// are due.
fn whole_bounds(strips: &[&PlacedImage<'_>], images: &[Image<'_>]) -> Option<[f64; 4]> {
    let (first, last) = (strips.first()?, strips.last()?);
    let [left, _, right, top] = first.bounds;
    let bottom = last.bounds[1];
    let rows: u64 = images.iter().map(|image| u64::from(image.height)).sum();
    let row_points = (top - bottom) / rows as f64;
    let mut edge = top;
    for (strip, image) in strips.iter().zip(images) {
        let is_near = |a: f64, b: f64| (a - b).abs() <= EDGE_POINTS_MAX;
        let below = edge - f64::from(image.height) * row_points;
        let is_in_line = is_near(strip.bounds[0], left)
            && is_near(strip.bounds[2], right)
            && is_near(strip.bounds[3], edge)
            && is_near(strip.bounds[1], below);
        if !is_in_line || orientation_of(strip.painted.matrix) != Orientation::default() {
            return None;
        }
        edge = below;
    }
    Some([left, bottom, right, top])
}
