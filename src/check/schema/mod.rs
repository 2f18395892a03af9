//! Rules about the form of files and text. What one record says by itself was judged while loading.

mod closed_sets;
mod exactly_one;
mod expressions;
mod record_identity;
mod strict_yaml;
mod time_format;
mod unsafe_file_or_text;
mod violation;
mod work;

pub(super) use record_identity::CHECK as RECORD_IDENTITY;
pub(super) use strict_yaml::CHECK as STRICT_YAML;
pub(super) use time_format::CHECK as TIME_FORMAT;
pub(super) use unsafe_file_or_text::CHECK as UNSAFE_FILE_OR_TEXT;
pub(super) use violation::CHECK as VIOLATION;
