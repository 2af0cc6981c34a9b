// SPDX-License-Identifier: MPL-2.0
//! One change for many units: the same edits in each set, with values from a table.

pub mod mapping;
pub mod table;

use crate::config::Config;
use crate::config::check::{Finding, check};
use crate::config::text::{config_of, spell, value_of};
use crate::error::{Error, Result};
use crate::place::{self, Files, nearest};
use mapping::Mapping;
use table::{Row, Table};
use toml::Value;

/// Columns of a table that say which unit a line is for.
pub const UNIT_COLUMNS: [&str; 4] = ["unit", "url", "user", "file"];

/// What is to be changed. A place is `FILE/SECTION/KEY` or a name of the mapping; `{{column}}` in a value is the unit's cell.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Places and values to set.
    pub set: Vec<(String, String)>,
    /// Places and values to add.
    pub add: Vec<(String, String)>,
    /// Places to remove.
    pub remove: Vec<String>,
    /// Values of a configuration text (see [`leaves`](crate::config::text::leaves)), carried over by the mapping.
    pub template: Vec<(String, Value)>,
    /// Friendly names.
    pub mapping: Mapping,
}

impl Change {
    /// Nothing is to be changed, but for what a table has.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
            && self.add.is_empty()
            && self.remove.is_empty()
            && self.template.is_empty()
    }

    /// Edits the files of one unit; the answer is what the rules find in the unit's values of the template.
    ///
    /// # Errors
    /// Places, values and columns that do not exist or are not allowed; the files are then of no use.
    pub fn apply(&self, files: &mut Files, unit: Option<(&Table, &Row)>) -> Result<Vec<Finding>> {
        let resolve = |place: &str, value: &str| {
            if place.contains('/') {
                return Ok((place.to_owned(), value.to_owned()));
            }
            let message = "is neither FILE/SECTION/KEY nor a name of the mapping";
            let resolved = self.mapping.resolve(place, value);
            resolved.ok_or_else(|| Error::refuse(place, message))
        };
        let config = self.fill_template(unit)?;
        let mut set = self.mapping.resolve_all(&config)?;
        for (place, value) in &self.set {
            set.push(resolve(place, &fill(value, unit)?)?);
        }
        if let Some((table, row)) = unit {
            for (column, cell) in table.columns.iter().zip(&row.cells) {
                if column.contains(['/', '.']) && !cell.is_empty() {
                    set.push(resolve(column, cell)?);
                }
            }
        }
        for (place, value) in set {
            place::set(files, &place, &value)?;
        }
        for (place, value) in &self.add {
            let (place, value) = resolve(place, &fill(value, unit)?)?;
            place::add(files, &place, &value)?;
        }
        for place in &self.remove {
            place::remove(files, &resolve(place, "")?.0)?;
        }
        Ok(check(&config))
    }

    /// The values of the template for one unit.
    fn fill_template(&self, unit: Option<(&Table, &Row)>) -> Result<Config> {
        let mut values = Vec::new();
        for (path, value) in &self.template {
            let value = match value {
                Value::String(text) => fill(text, unit)?,
                value => spell(value),
            };
            values.push((path.clone(), value_of(path, &value)?));
        }
        Ok(config_of(values))
    }
}

/// A value with `{{column}}` replaced.
///
/// # Errors
/// A brace without its partner, and a column that the table lacks.
pub fn fill(value: &str, unit: Option<(&Table, &Row)>) -> Result<String> {
    let fail = |message: String| Err(Error::refuse(value, message));
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, then)) = after
            .split_once("}}")
            .filter(|(name, _)| !name.contains(['{', '}']))
        else {
            return fail("\"{{\" without \"}}\"; expected {{column}}".into());
        };
        let name = name.trim();
        let Some((table, row)) = unit else {
            return fail(format!("{{{{{name}}}}} needs a table with a column {name}"));
        };
        let Some(cell) = table.column(name).and_then(|at| row.cells.get(at)) else {
            let hint = nearest(name, table.columns.iter().map(String::as_str));
            let hint = hint.map_or(String::new(), |hint| format!("; did you mean {hint:?}?"));
            return fail(format!("the table has no column {name:?}{hint}"));
        };
        if cell.is_empty() {
            return fail(format!("the cell of column {name} is empty"));
        }
        out.push_str(before);
        out.push_str(cell);
        rest = then;
    }
    if rest.contains("}}") || rest.contains("{{") {
        return fail("\"}}\" without \"{{\"; expected {{column}}".into());
    }
    out.push_str(rest);
    Ok(out)
}
