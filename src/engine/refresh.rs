//! `REFRESH SOURCE name`: forgets what is kept of a source.

use datafusion::common::{Result, plan_err};
use datafusion::sql::parser::{ResetStatement, Statement};
use datafusion::sql::sqlparser::ast::{Ident, ObjectName};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::Engine;

/// What the statement becomes, since `DataFusion`'s parser knows no such one: `RESET sqluice.cache.name`.
const CARRIER: [&str; 2] = ["sqluice", "cache"];

/// Reads the text of one statement; none if it is another statement.
pub(super) fn read(text: &str) -> Option<Statement> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize().ok()?;
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let [Token::Word(refresh), Token::Word(source), Token::Word(name)] = tokens.as_slice() else { return None };
    if !refresh.value.eq_ignore_ascii_case("refresh") || !source.value.eq_ignore_ascii_case("source") {
        return None;
    }
    let name = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
    let parts = CARRIER.map(Ident::new).into_iter().chain([Ident::new(name)]).collect::<Vec<_>>();
    Some(Statement::Reset(ResetStatement::Variable(ObjectName::from(parts))))
}

/// The source that a statement refreshes, if it does that.
pub(super) fn source(statement: &Statement) -> Option<&str> {
    let Statement::Reset(ResetStatement::Variable(name)) = statement else { return None };
    let parts: Option<Vec<&str>> = name.0.iter().map(|part| part.as_ident().map(|ident| ident.value.as_str())).collect();
    let parts = parts?;
    let (name, carrier) = parts.split_last()?;
    (carrier == CARRIER).then_some(*name)
}

impl Engine {
    /// Forgets what is kept of a source: the lists that lead to the rows of its tables. As `REFRESH SOURCE name`.
    ///
    /// # Errors
    /// If there is no such source.
    pub fn refresh(&self, source: &str) -> Result<()> {
        let Some(handle) = self.sources.get(source) else {
            let known: Vec<&str> = self.sources.keys().map(String::as_str).collect();
            return plan_err!("there is no source `{source}`; the sources are: {}", known.join(", "));
        };
        handle.client.clear_cache();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_told_from_others() {
        let named = |text: &str| read(text).and_then(|statement| source(&statement).map(str::to_owned));
        assert_eq!(named("refresh SOURCE Jira -- now").as_deref(), Some("jira"));
        assert_eq!(named("REFRESH SOURCE \"Jira EU\"").as_deref(), Some("Jira EU"));
        for other in ["REFRESH SOURCE", "REFRESH TABLE x", "SELECT refresh source", "REFRESH SOURCE a.b", "'REFRESH' SOURCE x"] {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
