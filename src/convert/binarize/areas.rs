//! Places of a grid that hang together.

/// Takes the marked places that hang together with one, side by side, off the marks.
pub(super) fn connected(is_marked: &mut [bool], columns: usize, start: usize) -> Vec<usize> {
    let mut area = vec![start];
    is_marked[start] = false;
    let mut next = 0;
    while let Some(&at) = area.get(next) {
        next += 1;
        let left = (at % columns > 0).then(|| at - 1);
        let right = ((at + 1) % columns > 0).then_some(at + 1);
        for neighbour in [left, right, at.checked_sub(columns), Some(at + columns)] {
            if let Some(neighbour) = neighbour
                && is_marked.get(neighbour) == Some(&true)
            {
                is_marked[neighbour] = false;
                area.push(neighbour);
            }
        }
    }
    area
}
