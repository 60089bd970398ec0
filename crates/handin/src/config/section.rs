//! What a setting is: one line in a `section!` gives its type, default, range, environment names and documentation.
//!
//! Values arrive as text from every layer (file, environment, flags), so that one parser and one error message serve
//! all three. Knows nothing about any particular setting.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use secrecy::SecretString;

use super::layers::Layers;

/// One setting as the reference page and `handin config` show it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its section, or `""` for the settings above all sections.
    pub section: &'static str,
    /// Its name within the section.
    pub name: &'static str,
    /// What it does, with its unit.
    pub doc: String,
    /// The environment variables that set it, strongest first.
    pub variables: Vec<String>,
    /// The values allowed, where not every value of its type is.
    pub range: Option<String>,
    /// The value as text; secrets are masked.
    pub shown: String,
    /// Whether the value must never be printed.
    pub secret: bool,
}

impl Setting {
    /// The setting's name with its section, as error messages write it: `uploads.url_ttl_s`.
    pub fn path(&self) -> String {
        path(self.section, self.name)
    }
}

/// `section.name`, or the bare name above all sections.
pub fn path(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// A type that a setting can have.
pub trait Value: Sized {
    /// Whether the value must never be printed, and may be read from a file named in `…_FILE`.
    const SECRET: bool = false;

    /// Reads the value from text; the error completes the sentence "… is not …".
    fn parse(text: &str) -> Result<Self, String>;

    /// The value as text that `parse` reads again; a mask for a secret, empty for nothing.
    fn show(&self) -> String;
}

macro_rules! plain_value {
    ($($type:ty => $kind:literal),+ $(,)?) => {
        $(impl Value for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| $kind.to_owned())
            }

            fn show(&self) -> String {
                self.to_string()
            }
        })+
    };
}

plain_value! {
    u32 => "a whole number",
    u64 => "a whole number",
    usize => "a whole number",
    bool => "true or false",
    SocketAddr => "an address and port such as 127.0.0.1:8780",
    String => "text",
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for SecretString {
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        "********".to_owned()
    }
}

impl<T: Value> Value for Option<T> {
    const SECRET: bool = T::SECRET;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }
}

/// A list is written with commas in the environment, and as an array in the file.
impl<T: Value> Value for Vec<T> {
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::parse).collect()
    }

    fn show(&self) -> String {
        self.iter().map(T::show).collect::<Vec<_>>().join(",")
    }
}

/// What the `section!` macro knows of a setting before its value is known.
pub struct Spec {
    /// Its section.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Environment names beside `HANDIN_<SECTION>_<NAME>`.
    pub also: &'static [&'static str],
}

impl Spec {
    /// The environment variables of this setting, strongest first.
    pub fn variables(&self) -> Vec<String> {
        let own = format!("HANDIN_{}", path(self.section, self.name).replace('.', "_").to_ascii_uppercase());
        std::iter::once(own).chain(self.also.iter().map(|name| (*name).to_owned())).collect()
    }

    /// The setting with a value for people to read.
    pub fn setting<T: Value>(&self, value: &T, doc: &[&str], range: Option<String>) -> Setting {
        let doc = doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let variables = self.variables();
        Setting {
            section: self.section,
            name: self.name,
            doc,
            variables,
            range,
            shown: value.show(),
            secret: T::SECRET,
        }
    }

    /// Reads the setting from the strongest layer that has it, or takes the default; problems are kept in `layers`.
    pub fn read<T: Value>(
        &self,
        layers: &mut Layers,
        default: T,
        check: impl Fn(&T) -> Result<(), String>,
    ) -> T {
        let Some(found) = layers.find(self, T::SECRET) else { return default };
        match T::parse(&found.text).and_then(|value| check(&value).map(|()| value)) {
            Ok(value) => value,
            Err(wanted) => {
                let given = if T::SECRET { String::new() } else { format!(" {:?}", found.text) };
                layers.problem(format!("{}:{given} is not {wanted}", found.origin));
                default
            }
        }
    }
}

/// Whether a number lies in the range of its setting.
pub fn within<T: PartialOrd + std::fmt::Display>(value: &T, range: &RangeInclusive<T>) -> Result<(), String> {
    if range.contains(value) { Ok(()) } else { Err(format!("in {}", show_range(value, range))) }
}

/// The range of a number's setting for people: `1 to 100`. The number only lends its type.
pub fn show_range<T: std::fmt::Display>(_: &T, range: &RangeInclusive<T>) -> String {
    format!("{} to {}", range.start(), range.end())
}

/// Declares a section: the struct, its defaults, how it is read and how it is documented.
///
/// `/// doc` `name: Type = default [, in range] [, env "NAME" …];`
macro_rules! section {
    (
        $(#[$meta:meta])*
        $Section:ident $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $name:ident : $type:ty = $default:expr $(, in $range:expr)? $(, env $($also:literal)+)? ;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $Section {
            $( $(#[doc = $doc])+ pub $name: $type, )+
        }

        impl Default for $Section {
            fn default() -> Self {
                Self { $( $name: $default, )+ }
            }
        }

        impl $Section {
            pub(super) fn read(layers: &mut $crate::config::layers::Layers) -> Self {
                use $crate::config::section::Spec;
                Self {
                    $( $name: Spec {
                        section: $section,
                        name: stringify!($name),
                        also: &[$($($also),+)?],
                    }.read(layers, $default, |value: &$type| {
                        let _ = value;
                        $( $crate::config::section::within(value, &($range))?; )?
                        Ok(())
                    }), )+
                }
            }

            pub(super) fn settings(&self) -> Vec<$crate::config::section::Setting> {
                use $crate::config::section::Spec;
                vec![
                    $( Spec {
                        section: $section,
                        name: stringify!($name),
                        also: &[$($($also),+)?],
                    }.setting(
                        &self.$name,
                        &[$($doc),+],
                        [$( $crate::config::section::show_range(&self.$name, &($range)) )?].into_iter().next(),
                    ), )+
                ]
            }
        }
    };
}

pub(super) use section;
