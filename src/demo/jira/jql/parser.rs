//! Tokens to a tree of clauses.

use super::lexer::{Token, tokens};

/// How deep parentheses and negations nest before the query is refused.
const MAX_DEPTH: usize = 100;

/// Words that may not be values without quotes.
const RESERVED: &str = " abort access add after alias all alter and any as asc audit avg before begin between boolean break by byte catch cf char \
character check checkpoint collate collation column commit connect continue count create current date decimal declare decrement default defaults \
define delete delimiter desc difference distinct divide do double drop else empty encoding end equals escape exclusive exec execute exists explain \
false fetch file field first float for from function go goto grant greater group having identified if immediate in increment index initial inner \
inout input insert int integer intersect intersection into is isempty isnull join last left less like limit lock long max min minus mode modify \
modulo more multiply next noaudit not notin nowait null number object of on option or order outer output power previous prior privileges public \
raise raw remainder rename resource return returns revoke right row rowid rownum rows select session set share size sqrt start strict string \
subtract sum synonym table then to trans transaction trigger true uid union unique update user validate values view when whenever where while with ";

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// `~`
    Like,
    /// `!~`
    NotLike,
}

/// The right side of a clause.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// `EMPTY` or `NULL`.
    Empty,
    /// A whole number without quotes.
    Number(i64),
    /// Any other text, or text in quotes.
    Text(String),
    /// A function with its arguments.
    Function(String, Vec<String>),
    /// A list in parentheses.
    List(Vec<Operand>),
}

/// A query without its order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Clause {
    /// All hold.
    And(Vec<Clause>),
    /// One holds.
    Or(Vec<Clause>),
    /// It does not hold.
    Not(Box<Clause>),
    /// A field compared with something.
    Term(String, Op, Operand),
}

/// A whole query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    /// What is searched; `None` for everything.
    pub clause: Option<Clause>,
    /// Fields to order by, and `Some(true)` for a descending order.
    pub order: Vec<(String, Option<bool>)>,
}

/// Parses a query; the error is a sentence for the caller.
pub(super) fn parse(jql: &str) -> Result<Parsed, String> {
    let mut parser = Parser { tokens: tokens(jql)?, at: 0, depth: 0 };
    let clause = if parser.tokens.is_empty() || parser.at_word("order") { None } else { Some(parser.any()?) };
    let order = if parser.eat_word("order") { parser.order()? } else { Vec::new() };
    if parser.at < parser.tokens.len() {
        return Err(parser.error("Es wird 'OR' oder 'AND' erwartet"));
    }
    Ok(Parsed { clause, order })
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn error(&self, expected: &str) -> String {
        match self.tokens.get(self.at) {
            Some(token) => format!("Fehler in der JQL-Abfrage: {expected}, gefunden wurde '{token:?}' (Stelle {}).", self.at + 1),
            None => format!("Fehler in der JQL-Abfrage: {expected}, die Abfrage endet jedoch."),
        }
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word) || matches!(self.tokens.get(self.at), Some(Token::Sign(sign)) if *sign == word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Clause, String> {
        let mut clauses = vec![self.all()?];
        while self.eat_word("or") {
            clauses.push(self.all()?);
        }
        Ok(if clauses.len() == 1 { clauses.remove(0) } else { Clause::Or(clauses) })
    }

    fn all(&mut self) -> Result<Clause, String> {
        let mut clauses = vec![self.one()?];
        while self.eat_word("and") {
            clauses.push(self.one()?);
        }
        Ok(if clauses.len() == 1 { clauses.remove(0) } else { Clause::And(clauses) })
    }

    fn one(&mut self) -> Result<Clause, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("Fehler in der JQL-Abfrage: Die Abfrage ist zu tief verschachtelt.".to_owned());
        }
        let clause = if self.eat_word("not") {
            Clause::Not(Box::new(self.one()?))
        } else if self.eat_word("(") {
            let inner = self.any()?;
            self.expect(")")?;
            inner
        } else {
            let field = self.field()?;
            let op = self.op()?;
            let operand = self.operand()?;
            let is_list = matches!(operand, Operand::List(_));
            let fits = match op {
                Op::In | Op::NotIn => is_list || matches!(operand, Operand::Function(..)),
                Op::Is | Op::IsNot => operand == Operand::Empty,
                _ => !is_list,
            };
            if !fits {
                return Err(format!("Fehler in der JQL-Abfrage: Der Operand passt nicht zum Operator des Feldes '{field}'."));
            }
            Clause::Term(field, op, operand)
        };
        self.depth -= 1;
        Ok(clause)
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.eat_word(sign) { Ok(()) } else { Err(self.error(&format!("Es wird '{sign}' erwartet"))) }
    }

    fn field(&mut self) -> Result<String, String> {
        let name = match self.tokens.get(self.at) {
            Some(Token::Word(word)) if !is_reserved(word) => word.clone(),
            Some(Token::Quoted(name)) => name.clone(),
            Some(Token::CustomField(number)) => format!("cf[{number}]"),
            _ => return Err(self.error("Es wird ein Feldname erwartet")),
        };
        self.at += 1;
        Ok(name)
    }

    fn op(&mut self) -> Result<Op, String> {
        let signs = [
            ("=", Op::Eq),
            ("!=", Op::Ne),
            ("<", Op::Lt),
            ("<=", Op::Le),
            (">", Op::Gt),
            (">=", Op::Ge),
            ("~", Op::Like),
            ("!~", Op::NotLike),
            ("in", Op::In),
        ];
        if let Some((_, op)) = signs.into_iter().find(|(sign, _)| self.eat_word(sign)) {
            return Ok(op);
        }
        if self.eat_word("is") {
            return Ok(if self.eat_word("not") { Op::IsNot } else { Op::Is });
        }
        if self.eat_word("not") && self.eat_word("in") {
            return Ok(Op::NotIn);
        }
        Err(self.error("Es wird ein Operator erwartet ('=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'IS')"))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        if self.eat_word("(") {
            let mut list = vec![self.operand()?];
            while self.eat_word(",") {
                list.push(self.operand()?);
            }
            self.expect(")")?;
            return if list.iter().any(|operand| matches!(operand, Operand::List(_))) {
                Err("Fehler in der JQL-Abfrage: Listen dürfen keine Listen enthalten.".to_owned())
            } else {
                Ok(Operand::List(list))
            };
        }
        let operand = match self.tokens.get(self.at) {
            Some(Token::Quoted(text)) => Operand::Text(text.clone()),
            Some(Token::Word(word)) if matches!(self.tokens.get(self.at + 1), Some(Token::Sign("("))) => {
                let name = word.clone();
                self.at += 2;
                return Ok(Operand::Function(name, self.arguments()?));
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("empty") || word.eq_ignore_ascii_case("null") => Operand::Empty,
            Some(Token::Word(word)) if !is_reserved(word) => word.parse().map_or_else(|_| Operand::Text(word.clone()), Operand::Number),
            _ => return Err(self.error("Es wird ein Wert, eine Liste oder eine Funktion erwartet")),
        };
        self.at += 1;
        Ok(operand)
    }

    fn arguments(&mut self) -> Result<Vec<String>, String> {
        let mut arguments = Vec::new();
        while !self.eat_word(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            match self.tokens.get(self.at) {
                Some(Token::Word(text) | Token::Quoted(text)) => arguments.push(text.clone()),
                _ => return Err(self.error("Es wird ein Argument erwartet")),
            }
            self.at += 1;
        }
        Ok(arguments)
    }

    fn order(&mut self) -> Result<Vec<(String, Option<bool>)>, String> {
        if !self.eat_word("by") {
            return Err(self.error("Es wird 'BY' erwartet"));
        }
        let mut order = Vec::new();
        loop {
            let field = self.field()?;
            let descending = if self.eat_word("desc") {
                Some(true)
            } else if self.eat_word("asc") {
                Some(false)
            } else {
                None
            };
            order.push((field, descending));
            if !self.eat_word(",") {
                return Ok(order);
            }
        }
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&format!(" {} ", word.to_lowercase()))
}
