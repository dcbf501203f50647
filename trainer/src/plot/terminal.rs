//! Pictures in a terminal, in Unicode: images as shades, curves as blocks.

/// The shades from paper to ink.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

/// An image as lines of text: one character for two rows of a column, since characters are about twice as high as wide.
/// `pixels` are row-major; 0 is paper.
pub fn image([rows, columns]: [usize; 2], pixels: &[u8]) -> Vec<String> {
    let pixel = |row: usize, column: usize| pixels.get(row * columns + column).copied().map_or(0, u32::from);
    let shade = |row: usize, column: usize| {
        let ink = pixel(row, column) + if row + 1 < rows { pixel(row + 1, column) } else { 0 };
        SHADES[((ink * SHADES.len() as u32) / 511).min(SHADES.len() as u32 - 1) as usize]
    };
    (0..rows).step_by(2).map(|row| (0..columns).map(|column| shade(row, column)).collect()).collect()
}

/// Blocks of lines side by side, as many in a row as fit into `width` characters, each under its caption.
pub fn side_by_side(blocks: &[(String, Vec<String>)], width: usize) -> String {
    let block_width = |(caption, lines): &(String, Vec<String>)| {
        lines.iter().chain([caption]).map(|line| line.chars().count()).max().unwrap_or(0)
    };
    let cell = blocks.iter().map(block_width).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for row in blocks.chunks((width / cell).max(1)) {
        let height = row.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        for line in 0..=height {
            let cells = row.iter().map(|(caption, lines)| match line {
                0 => caption.as_str(),
                _ => lines.get(line - 1).map_or("", String::as_str),
            });
            let padded: Vec<String> = cells.map(|part| format!("{part:<cell$}")).collect();
            text.push_str(padded.concat().trim_end());
            text.push('\n');
        }
    }
    text
}

/// Points of a plane, each with its class's mark, and a legend.
pub fn scatter(points: &[([f32; 2], u32)], range: [[f32; 2]; 2], names: &[String]) -> String {
    const MARKS: [char; 6] = ['○', '●', '△', '▲', '□', '■'];
    const SIZE: [usize; 2] = [60, 28];
    let mut grid = vec![vec![' '; SIZE[0]]; SIZE[1]];
    let mark = |class: usize| MARKS[class % MARKS.len()];
    for ([x, y], class) in points {
        let place = |value: f32, [least, most]: [f32; 2], size: usize| {
            (((value - least) / (most - least) * size as f32) as usize).min(size - 1)
        };
        grid[SIZE[1] - 1 - place(*y, range[1], SIZE[1])][place(*x, range[0], SIZE[0])] = mark(*class as usize);
    }
    let lines = grid.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_string());
    let legend: Vec<String> = names.iter().enumerate().map(|(class, name)| format!("{} {name}", mark(class))).collect();
    lines.chain([legend.join("   ")]).collect::<Vec<_>>().join("\n")
}

/// Values as a line of blocks, the least the lowest: `█▆▃▂▁▁`.
pub fn sparkline(values: &[f32]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let block = |value: f32| {
        if !value.is_finite() {
            return '×';
        }
        let height = if most > least { (value - least) / (most - least) } else { 0.0 };
        BLOCKS[((height * BLOCKS.len() as f32) as usize).min(BLOCKS.len() - 1)]
    };
    // As many blocks as fit into a line.
    let count = values.len().min(60);
    (0..count).map(|index| block(values[index * (values.len() - 1) / (count - 1).max(1)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_share_a_character() {
        assert_eq!(image([3, 2], &[0, 255, 0, 255, 255, 0]), [" █", "▒ "]);
        assert_eq!(image([2, 3], &[0, 60, 130, 0, 60, 130]), [" ░▒"]);
    }

    #[test]
    fn blocks_stand_side_by_side() {
        let block = |caption: &str| (caption.to_string(), vec!["ab".to_string(), "cd".to_string()]);
        assert_eq!(side_by_side(&[block("1"), block("2"), block("3")], 8), "1   2\nab  ab\ncd  cd\n3\nab\ncd\n");
    }

    #[test]
    fn points_stand_where_they_are() {
        let names = ["no".to_string(), "yes".to_string()];
        let text = scatter(&[([0.0, 1.0], 0), ([1.0, 0.0], 1)], [[0.0, 1.0], [0.0, 1.0]], &names);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[27], lines[28]), ("○", &*format!("{:59}●", ""), "○ no   ● yes"));
    }

    #[test]
    fn a_sparkline_spans_its_values() {
        assert_eq!(sparkline(&[1.0, 0.5, 0.0, f32::NAN]), "█▅▁×");
        assert_eq!(sparkline(&[2.0, 2.0]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        let long: Vec<f32> = (0..1000).map(|value| value as f32).collect();
        assert_eq!((sparkline(&long).chars().count(), sparkline(&long).chars().last()), (60, Some('█')));
    }
}
