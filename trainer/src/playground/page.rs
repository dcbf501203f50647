//! The page's files, part of the program: nothing is fetched from elsewhere.

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// Its path on the server, without the first slash.
    pub(super) name: &'static str,
    /// Its contents.
    pub(super) text: &'static str,
}

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        &[$(Asset { name: $name, text: include_str!(concat!("page/", $name)) }),*]
    };
}

/// All files; the page itself is `index.html`.
pub(super) const ASSETS: &[Asset] = assets![
    "index.html",
    "style.css",
    "icon.svg",
    "main.js",
    "chip.js",
    "controls.js",
    "curves.js",
    "data.js",
    "digits.js",
    "field.js",
    "link.js",
    "network.js",
    "palette.js",
    "state.js",
    "words.js",
];

impl Asset {
    /// The file at a path; the empty path is the page.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        let name = if path.is_empty() { "index.html" } else { path };
        ASSETS.iter().find(|asset| asset.name == name)
    }

    /// What it is.
    pub(super) fn content_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ASSETS;
    use crate::plot::palette;

    #[test]
    fn the_page_is_small_and_fetches_nothing() {
        let total: usize = ASSETS.iter().map(|asset| asset.text.len()).sum();
        assert!(total < 300_000, "{total} bytes");
        for asset in ASSETS {
            // The names of XML's own spaces are no addresses.
            let text = asset.text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://"), "{}", asset.name);
        }
    }

    #[test]
    fn every_file_that_the_page_names_is_there() {
        for asset in ASSETS {
            for part in asset.text.split("\"./").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(ASSETS.iter().any(|asset| asset.name == name), "{} names {name}", asset.name);
            }
        }
    }

    #[test]
    fn its_colors_are_those_of_the_pictures() {
        let script = ASSETS.iter().find(|asset| asset.name == "palette.js").unwrap().text;
        for (name, color) in [("blue", palette::BLUE), ("orange", palette::ORANGE)] {
            let line = format!("{name}: [{}, {}, {}]", color.0, color.1, color.2);
            assert!(script.contains(&line), "palette.js has not {line}");
        }
        let style = ASSETS.iter().find(|asset| asset.name == "style.css").unwrap().text;
        for color in [palette::BLUE, palette::ORANGE, palette::GREEN, palette::VERMILION] {
            let hex = format!("#{:02x}{:02x}{:02x}", color.0, color.1, color.2);
            assert!(style.contains(&hex), "style.css has not {hex}");
        }
    }
}
