//! The words of a page's content: ISO 32000-1 §7.2, §7.8.2.

/// What stands before an operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand<'a> {
    Number(f64),
    /// Without its slash, as it is written.
    Name(&'a [u8]),
    /// A string, an array, a dictionary: its content does not matter here.
    Other,
}

/// An operator with its operands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation<'a> {
    pub(crate) operator: &'a [u8],
    pub(crate) operands: Vec<Operand<'a>>,
}

/// Most operands of an operator; elements of an array count as one.
const OPERANDS_MAX: usize = 33;

/// Deepest nesting of brackets.
const DEPTH_MAX: u32 = 32;

/// Reads operations one by one.
pub(crate) struct Operations<'a> {
    rest: &'a [u8],
}

/// The content is not what ISO 32000-1 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'a> Operations<'a> {
    pub(crate) fn new(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    /// The next operation; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Operation<'a>>, Malformed> {
        let mut operands = Vec::new();
        loop {
            self.skip_space();
            let Some(&first) = self.rest.first() else {
                // Operands without an operator do nothing, but nobody writes them.
                return if operands.is_empty() {
                    Ok(None)
                } else {
                    Err(Malformed)
                };
            };
            if operands.len() == OPERANDS_MAX {
                return Err(Malformed);
            }
            match first {
                b'/' => {
                    self.rest = &self.rest[1..];
                    operands.push(Operand::Name(self.name()?));
                }
                b'(' | b'<' | b'[' => {
                    self.skip_bracketed()?;
                    operands.push(Operand::Other);
                }
                b'+' | b'-' | b'.' | b'0'..=b'9' => {
                    operands.push(Operand::Number(number(self.word())?));
                }
                _ => {
                    let operator = self.word();
                    if operator.is_empty() {
                        return Err(Malformed);
                    }
                    match operator {
                        b"true" | b"false" | b"null" => operands.push(Operand::Other),
                        _ => return Ok(Some(Operation { operator, operands })),
                    }
                }
            }
        }
    }

    fn skip_space(&mut self) {
        loop {
            match self.rest {
                [0 | b'\t' | b'\n' | 12 | b'\r' | b' ', rest @ ..] => self.rest = rest,
                [b'%', rest @ ..] => {
                    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                    self.rest = &rest[end.unwrap_or(rest.len())..];
                }
                _ => return,
            }
        }
    }

    /// Regular characters up to the next that is none.
    fn word(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !is_regular(*byte));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// A name; one with escaped characters is not compared with another spelling of itself.
    fn name(&mut self) -> Result<&'a [u8], Malformed> {
        let name = self.word();
        if name.contains(&b'#') {
            return Err(Malformed);
        }
        Ok(name)
    }

    /// A string, an array or a dictionary, with all that is in it.
    fn skip_bracketed(&mut self) -> Result<(), Malformed> {
        let mut depth = 0;
        loop {
            self.skip_space();
            match self.rest {
                [b'<', b'<', rest @ ..] | [b'[', rest @ ..] => {
                    depth += 1;
                    self.rest = rest;
                }
                [b'>', b'>', rest @ ..] | [b']', rest @ ..] => {
                    depth -= 1;
                    self.rest = rest;
                }
                [b'<', rest @ ..] => {
                    let end = rest
                        .iter()
                        .position(|byte| *byte == b'>')
                        .ok_or(Malformed)?;
                    self.rest = &rest[end + 1..];
                }
                [b'(', rest @ ..] => self.rest = after_string(rest)?,
                [b'/', rest @ ..] => {
                    self.rest = rest;
                    self.word();
                }
                [byte, ..] if is_regular(*byte) => {
                    self.word();
                }
                _ => return Err(Malformed),
            }
            if depth == 0 {
                return Ok(());
            }
            if depth > DEPTH_MAX {
                return Err(Malformed);
            }
        }
    }
}

/// What comes after a string whose opening bracket was read: brackets in it are balanced.
fn after_string(mut rest: &[u8]) -> Result<&[u8], Malformed> {
    let mut depth = 1u32;
    loop {
        match rest {
            [b'\\', _, after @ ..] => rest = after,
            [byte, after @ ..] => {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                rest = after;
                if depth == 0 {
                    return Ok(rest);
                }
            }
            [] => return Err(Malformed),
        }
    }
}

/// A number of at most 32 characters: digits, a sign before them, a point anywhere.
fn number(word: &[u8]) -> Result<f64, Malformed> {
    let (sign, digits) = match word {
        [b'-', digits @ ..] => (-1.0, digits),
        [b'+', digits @ ..] | digits => (1.0, digits),
    };
    let (mut whole, mut fraction, mut scale) = (0.0, 0.0, 1.0);
    let mut has_point = false;
    if digits.is_empty() || digits == b"." || digits.len() > 32 {
        return Err(Malformed);
    }
    for digit in digits {
        match digit {
            b'.' if !has_point => has_point = true,
            b'0'..=b'9' if has_point => {
                scale /= 10.0;
                fraction += f64::from(digit - b'0') * scale;
            }
            b'0'..=b'9' => whole = whole * 10.0 + f64::from(digit - b'0'),
            _ => return Err(Malformed),
        }
    }
    Ok(sign * (whole + fraction))
}

fn is_regular(byte: u8) -> bool {
    !matches!(
        byte,
        0 | b'\t'
            | b'\n'
            | 12
            | b'\r'
            | b' '
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'/'
            | b'%'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(content: &[u8]) -> Result<Vec<(String, Vec<Operand<'_>>)>, Malformed> {
        let mut operations = Operations::new(content);
        let mut found = Vec::new();
        while let Some(operation) = operations.next()? {
            let operator = String::from_utf8_lossy(operation.operator).into_owned();
            found.push((operator, operation.operands));
        }
        Ok(found)
    }

    #[test]
    fn operands_stand_before_their_operator() {
        use Operand::{Name, Number, Other};
        let content = b"q % a comment (\n1.5 -.25 +3 4. 0 -0 cm/I Do[(a\\)(b)) -20<0F>]TJ\n\
            /Span<</A [1 (x)] /B <</C true>>>>BDC (\\\\) ' BT(()) Tj";
        assert_eq!(
            all(content).unwrap(),
            [
                ("q", vec![]),
                ("cm", [1.5, -0.25, 3.0, 4.0, 0.0, 0.0].map(Number).to_vec()),
                ("Do", vec![Name(b"I")]),
                ("TJ", vec![Other]),
                ("BDC", vec![Name(b"Span"), Other]),
                ("'", vec![Other]),
                ("BT", vec![]),
                ("Tj", vec![Other]),
            ]
            .map(|(operator, operands)| (operator.to_owned(), operands))
        );
    }

    #[test]
    fn what_is_not_content_is_said_to_be_none() {
        for content in [
            &b"(a"[..],
            b"[1 2",
            b"<</A 1",
            b"1 0 0",
            b")",
            b"]",
            b"<0",
            b"1e5 w",
            b"--1 w",
            b"/a#20b Do",
            b"{ }",
            b"1.2.3 w",
            b"- w",
            b". w",
        ] {
            assert_eq!(
                all(content),
                Err(Malformed),
                "{}",
                String::from_utf8_lossy(content)
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_operations_or_in_an_error(
            content in proptest::collection::vec(
                prop_oneof![any::<u8>(), prop::sample::select(b"()<>[]/%\\ q1.-\n".to_vec())], 0..200,
            ),
        ) {
            if let Ok(found) = all(&content) {
                prop_assert!(found.len() <= content.len());
            }
        }

        #[test]
        fn numbers_are_read_as_rust_reads_them(number in -1e9f64..1e9) {
            let text = format!("{number:.6} w");
            let found = all(text.as_bytes()).unwrap();
            let Operand::Number(read) = found[0].1[0] else { panic!("no number in {text}") };
            prop_assert!((read - number).abs() <= 1e-6 * number.abs().max(1.0));
        }
    }
}
