//! Tables as comma-separated values.

use crate::error::{Error, ErrorKind, Result};
use std::path::Path;

/// A table of finite numbers; the last column or a named one is the target, as the caller decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names: the header's, or `x0`, `x1`, … where there is none.
    pub columns: Vec<String>,
    /// The cells by column; a column of words holds their indices in `words`.
    pub cells: Vec<Vec<f32>>,
    /// The distinct words of each column in alphabetical order; empty for a column of numbers.
    pub words: Vec<Vec<String>>,
}

/// Reads a table. The first record is a header unless all its cells are numbers.
/// # Errors
/// [`ErrorKind::Io`] where the file cannot be read; [`ErrorKind::Data`] where rows differ in length, a cell is empty or not
/// finite, or a column mixes words and numbers. The place names line and column.
pub fn read_csv(path: &Path) -> Result<Table> {
    let text = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
    parse_csv(&path.display().to_string(), &text)
}

/// Reads a table from text; `place` is what errors call it.
/// # Errors
/// [`ErrorKind::Data`] as [`read_csv`].
pub fn parse_csv(place: &str, text: &[u8]) -> Result<Table> {
    Table::parse(text).map_err(|(cell, what)| Error::new(ErrorKind::Data, format!("{place}{cell}"), what))
}

/// A cell: where it stands and what it says.
struct Cell {
    line: u64,
    text: String,
}

impl Table {
    /// Reads a table from text; an error says where (to follow a file's name) and what.
    pub(super) fn parse(text: &[u8]) -> std::result::Result<Self, (String, String)> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text);
        let mut columns: Vec<String> = Vec::new();
        let mut cells: Vec<Vec<Cell>> = Vec::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|error| (String::new(), error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            if index == 0 {
                cells.resize_with(record.len(), Vec::new);
                let is_header = record.iter().any(|cell| cell.parse::<f32>().is_err());
                if is_header {
                    columns = record.iter().map(str::to_string).collect();
                    continue;
                }
                columns = (0..record.len()).map(|column| format!("x{column}")).collect();
            }
            for (column, text) in cells.iter_mut().zip(&record) {
                column.push(Cell { line, text: text.to_string() });
            }
        }
        if cells.first().is_none_or(Vec::is_empty) {
            return Err((String::new(), "no rows; give at least one".into()));
        }
        let (cells, words) = columns
            .iter()
            .zip(cells)
            .map(|(name, cells)| column(name, &cells))
            .collect::<std::result::Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        Ok(Self { columns, cells, words })
    }

    /// The index of a column: the named one, or the last.
    pub(super) fn target(&self, name: Option<&str>) -> std::result::Result<usize, String> {
        match name {
            None => Ok(self.columns.len() - 1),
            Some(name) => self
                .columns
                .iter()
                .position(|column| column == name)
                .ok_or_else(|| format!("no column \"{name}\"; there are {}", self.columns.join(", "))),
        }
    }
}

/// A column's numbers, and its words where it has words.
fn column(name: &str, cells: &[Cell]) -> std::result::Result<(Vec<f32>, Vec<String>), (String, String)> {
    let numbers = cells.iter().filter(|cell| cell.text.parse::<f32>().is_ok()).count();
    let place = |cell: &Cell| format!(":{}: column \"{name}\"", cell.line);
    if let Some(cell) = cells.iter().find(|cell| cell.text.is_empty()) {
        return Err((place(cell), "the cell is empty; fill it in or delete the row".into()));
    }
    if numbers == 0 {
        let mut words: Vec<String> = cells.iter().map(|cell| cell.text.clone()).collect();
        words.sort_unstable();
        words.dedup();
        let index = |cell: &Cell| words.binary_search(&cell.text).map_or(0, |index| index) as f32;
        return Ok((cells.iter().map(index).collect(), words));
    }
    let number = |cell: &Cell| match cell.text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err((place(cell), format!("{} is not a finite number; fill it in or delete the row", cell.text))),
        Err(_) => Err((place(cell), format!("\"{}\" is not a number, as others in the column are", cell.text))),
    };
    Ok((cells.iter().map(number).collect::<std::result::Result<_, _>>()?, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_numbers_and_words() {
        let table = Table::parse(b"length, width,kind\n1,2.5,plum\n3,4e-1,apple\n5,6,plum\n").unwrap();
        assert_eq!(table.columns, ["length", "width", "kind"]);
        assert_eq!(table.cells, [[1.0, 3.0, 5.0], [2.5, 0.4, 6.0], [1.0, 0.0, 1.0]]);
        assert_eq!(table.words[2], ["apple", "plum"]);
        assert_eq!(table.target(None), Ok(2));
        assert_eq!(table.target(Some("width")), Ok(1));
        assert_eq!(table.target(Some("depth")).unwrap_err(), "no column \"depth\"; there are length, width, kind");
        assert_eq!(Table::parse(b"1,2\n3,4\n").unwrap().columns, ["x0", "x1"]);
    }

    #[test]
    fn a_bad_cell_is_named_by_line_and_column() {
        let error = |text: &[u8]| {
            let (place, what) = Table::parse(text).unwrap_err();
            format!("{place}: {what}")
        };
        assert_eq!(
            error(b"a,b\n1,2\n3,nan\n"),
            ":3: column \"b\": nan is not a finite number; fill it in or delete the row"
        );
        assert_eq!(error(b"a,b\n1,2\n,4\n"), ":3: column \"a\": the cell is empty; fill it in or delete the row");
        assert_eq!(error(b"a,b\n1,2\n3,x\n"), ":3: column \"b\": \"x\" is not a number, as others in the column are");
        assert_eq!(error(b"a,b\n"), ": no rows; give at least one");
        assert_eq!(error(b""), ": no rows; give at least one");
        assert!(error(b"a,b\n1,2\n3\n").contains("line: 3"));
    }
}
