//! Makes the rows of the site up from the company: the same company gives the same rows.

mod catalog;
mod issues;
mod plan;
mod story;

use super::data::Data;
use crate::demo::company::Company;

impl Data {
    /// The site of the company.
    pub fn generate(company: &Company) -> Self {
        let mut data = catalog::catalog(company);
        plan::plan(company, &mut data);
        issues::fill(company, &mut data);
        story::fill(company, &mut data);
        data
    }
}

fn int(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
