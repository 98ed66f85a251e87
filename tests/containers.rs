//! Keys in archives, documents and other containers.

mod behind;
mod binary_strings;
mod bombs;
mod columnar;
mod compound;
mod damage;
pub(crate) mod forms;
mod parquet;
mod pdf;
mod pdf_filters;
mod sevenz;
mod streams;
