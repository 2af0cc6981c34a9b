// SPDX-License-Identifier: MPL-2.0
//! An inferred layout as TOML, each finding as a comment where its field stands.

use super::{Finding, Inferred};

impl Finding {
    /// The finding in one line: what, how many records agree, what else it could be.
    pub fn line(&self) -> String {
        let mut line = self.text.clone();
        if self.of > 0 {
            line.push_str(&format!(" ({} of {} agree)", self.agree, self.of));
        }
        if !self.rivals.is_empty() {
            line.push_str(&format!("; or {}", self.rivals.join(", or ")));
        }
        line
    }
}

impl Inferred {
    /// The layout as the text of a TOML file, with the findings as comments. It reads back as the same layout.
    ///
    /// # Errors
    /// None that a layout can cause.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let plain = toml::to_string(&self.layout)?;
        let mut out =
            String::from("# inferred: worked out from a file, nobody has said that it is so.\n");
        let mut reported = vec![false; self.findings.len()];
        let mut table = String::new();
        for line in plain.lines() {
            let key = match line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                Some(name) => {
                    table = name.trim_matches(['[', ']']).to_owned();
                    table.clone()
                }
                None => {
                    let name = line.split('=').next().unwrap_or_default().trim();
                    if table.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{table}.{name}")
                    }
                }
            };
            for (finding, reported) in self.findings.iter().zip(reported.iter_mut()) {
                if !*reported && finding.field == key {
                    out.push_str(&format!("# {}\n", finding.line()));
                    *reported = true;
                }
            }
            out.push_str(line);
            out.push('\n');
        }
        for (finding, reported) in self.findings.iter().zip(reported) {
            if !reported {
                out.push_str(&format!("# {}: {}\n", finding.field, finding.line()));
            }
        }
        Ok(out)
    }
}
