//! The one small language for `members`, `applies_to`, `when` and tier criteria.
//!
//! ```text
//! expression = and { "or" and }      and = not { "and" not }      not = [ "not" ] primary
//! primary    = "(" expression ")" | name [ operator value | "in" "[" value { "," value } "]" ]
//! operator   = == != < <= > >=       value = number | 'text' | word
//! ```

use serde::Deserialize;

const MAX_LENGTH: usize = 2_000;
const MAX_DEPTH: usize = 32;

/// What a name stands for, or what it is compared with.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Text(String),
    Number(f64),
    Bool(bool),
}

impl Value {
    fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Bool(_) => None,
        }
    }

    fn as_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(_), _) | (_, Self::Number(_)) => match (self.as_number(), other.as_number()) {
                (Some(one), Some(two)) => one == two,
                _ => self.as_text() == other.as_text(),
            },
            _ => self.as_text() == other.as_text(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, PartialEq, Debug)]
enum Term {
    Or(Vec<Term>),
    And(Vec<Term>),
    Not(Box<Term>),
    Holds(String),
    Compare(String, Operator, Value),
    In(String, Vec<Value>),
}

/// A parsed expression with its text.
#[derive(Clone, PartialEq, Debug)]
pub struct Expression {
    text: String,
    term: Term,
}

/// Why a text is not an expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message} at character {position} of `{text}`")]
pub struct ExpressionError {
    pub message: String,
    /// Counted from 1.
    pub position: usize,
    pub text: String,
}

impl Expression {
    /// Parses a text.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let fail = |message: &str, position: usize| ExpressionError {
            message: message.into(),
            position: position + 1,
            text: text.chars().take(80).collect(),
        };
        if text.len() > MAX_LENGTH {
            return Err(fail("an expression has at most 2000 bytes; it is longer", 0));
        }
        let tokens = tokenise(text).map_err(|(message, position)| fail(message, position))?;
        let mut parser = Parser {
            tokens: &tokens,
            next: 0,
            end: text.chars().count(),
        };
        let term = parser
            .or(0)
            .map_err(|(message, position)| fail(&message, position))?;
        match parser.peek() {
            None => Ok(Self {
                text: text.to_owned(),
                term,
            }),
            Some((_, position)) => Err(fail("`and`, `or` or the end is expected", *position)),
        }
    }

    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns every name that is read, each once, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect_names(&self.term, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Tells whether it holds; a name without a value equals nothing.
    pub fn holds(&self, lookup: &dyn Fn(&str) -> Option<Value>) -> bool {
        holds(&self.term, lookup)
    }
}

fn collect_names<'a>(term: &'a Term, names: &mut Vec<&'a str>) {
    match term {
        Term::Or(terms) | Term::And(terms) => terms.iter().for_each(|term| collect_names(term, names)),
        Term::Not(term) => collect_names(term, names),
        Term::Holds(name) | Term::Compare(name, ..) | Term::In(name, _) => names.push(name),
    }
}

fn holds(term: &Term, lookup: &dyn Fn(&str) -> Option<Value>) -> bool {
    match term {
        Term::Or(terms) => terms.iter().any(|term| holds(term, lookup)),
        Term::And(terms) => terms.iter().all(|term| holds(term, lookup)),
        Term::Not(term) => !holds(term, lookup),
        Term::Holds(name) => match lookup(name) {
            Some(Value::Bool(value)) => value,
            Some(Value::Number(number)) => number != 0.0,
            Some(Value::Text(text)) => !matches!(text.as_str(), "" | "false" | "no"),
            None => false,
        },
        Term::Compare(name, operator, value) => compare(lookup(name).as_ref(), *operator, value),
        Term::In(name, values) => {
            lookup(name).is_some_and(|value| values.iter().any(|candidate| value.equals(candidate)))
        }
    }
}

fn compare(left: Option<&Value>, operator: Operator, right: &Value) -> bool {
    let Some(left) = left else {
        return operator == Operator::NotEqual;
    };
    let order = match (left.as_number(), right.as_number()) {
        (Some(one), Some(two)) => one.partial_cmp(&two),
        _ => Some(left.as_text().cmp(&right.as_text())),
    };
    match operator {
        Operator::Equal => left.equals(right),
        Operator::NotEqual => !left.equals(right),
        Operator::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Operator::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Word(String),
    Text(String),
    Operator(Operator),
    Symbol(char),
}

fn tokenise(text: &str) -> Result<Vec<(Token, usize)>, (&'static str, usize)> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let next = characters.get(at + 1);
        let (token, length) = match character {
            ' ' | '\t' | '\n' | '\r' => {
                at += 1;
                continue;
            }
            '(' | ')' | '[' | ']' | ',' => (Token::Symbol(character), 1),
            '=' if next == Some(&'=') => (Token::Operator(Operator::Equal), 2),
            '!' if next == Some(&'=') => (Token::Operator(Operator::NotEqual), 2),
            '<' if next == Some(&'=') => (Token::Operator(Operator::LessOrEqual), 2),
            '>' if next == Some(&'=') => (Token::Operator(Operator::GreaterOrEqual), 2),
            '<' => (Token::Operator(Operator::Less), 1),
            '>' => (Token::Operator(Operator::Greater), 1),
            '=' | '!' => return Err(("`==` or `!=` is expected", at)),
            '\'' | '"' => {
                let rest = &characters[at + 1..];
                let length = rest
                    .iter()
                    .position(|other| *other == character)
                    .ok_or(("a quote is not closed", at))?;
                (Token::Text(rest[..length].iter().collect()), length + 2)
            }
            _ => {
                let is_word = |character: &char| character.is_alphanumeric() || "_-.:/*".contains(*character);
                let length = characters[at..]
                    .iter()
                    .take_while(|character| is_word(character))
                    .count();
                if length == 0 {
                    return Err(("this character has no meaning here; put text into quotes", at));
                }
                (Token::Word(characters[at..at + length].iter().collect()), length)
            }
        };
        tokens.push((token, at));
        at += length;
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [(Token, usize)],
    next: usize,
    end: usize,
}

type Parsed<T> = Result<T, (String, usize)>;

impl Parser<'_> {
    fn peek(&self) -> Option<&(Token, usize)> {
        self.tokens.get(self.next)
    }

    fn position(&self) -> usize {
        self.peek().map_or(self.end, |(_, position)| *position)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some((Token::Word(other), _)) if other == word);
        self.next += usize::from(found);
        found
    }

    fn take_symbol(&mut self, symbol: char) -> bool {
        let found = matches!(self.peek(), Some((Token::Symbol(other), _)) if *other == symbol);
        self.next += usize::from(found);
        found
    }

    fn or(&mut self, depth: usize) -> Parsed<Term> {
        let mut terms = vec![self.and(depth)?];
        while self.take_word("or") {
            terms.push(self.and(depth)?);
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Term::Or(terms)
        })
    }

    fn and(&mut self, depth: usize) -> Parsed<Term> {
        let mut terms = vec![self.not(depth)?];
        while self.take_word("and") {
            terms.push(self.not(depth)?);
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Term::And(terms)
        })
    }

    fn not(&mut self, depth: usize) -> Parsed<Term> {
        if depth > MAX_DEPTH {
            return Err(("nested too deep".into(), self.position()));
        }
        if self.take_word("not") {
            return Ok(Term::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take_symbol('(') {
            let term = self.or(depth + 1)?;
            return if self.take_symbol(')') {
                Ok(term)
            } else {
                Err(("`)` is expected".into(), self.position()))
            };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Term> {
        let name = match self.peek() {
            Some((Token::Word(word), _)) if !matches!(word.as_str(), "and" | "or" | "in") => word.clone(),
            _ => return Err(("a name is expected".into(), self.position())),
        };
        self.next += 1;
        if let Some((Token::Operator(operator), _)) = self.peek() {
            let operator = *operator;
            self.next += 1;
            return Ok(Term::Compare(name, operator, self.value()?));
        }
        if !self.take_word("in") {
            return Ok(Term::Holds(name));
        }
        if !self.take_symbol('[') {
            return Err(("`[` is expected".into(), self.position()));
        }
        let mut values = vec![self.value()?];
        while self.take_symbol(',') {
            values.push(self.value()?);
        }
        if self.take_symbol(']') {
            Ok(Term::In(name, values))
        } else {
            Err(("`]` is expected".into(), self.position()))
        }
    }

    fn value(&mut self) -> Parsed<Value> {
        let value = match self.peek() {
            Some((Token::Text(text), _)) => Value::Text(text.clone()),
            Some((Token::Word(word), _)) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => match word.parse::<f64>() {
                    Ok(number) if number.is_finite() => Value::Number(number),
                    _ => Value::Text(word.clone()),
                },
            },
            _ => return Err(("a value is expected".into(), self.position())),
        };
        self.next += 1;
        Ok(value)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Expression {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expression".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_LENGTH })
    }
}

/// An expression, or a mapping of names to values that must all be equal.
#[derive(Clone, PartialEq, Debug)]
pub struct Selector(pub Expression);

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SelectorVisitor;

        impl<'de> serde::de::Visitor<'de> for SelectorVisitor {
            type Value = Selector;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an expression, or a mapping of names to values")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Selector, E> {
                Expression::parse(text).map(Selector).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut entries: A) -> Result<Selector, A::Error> {
                let mut terms = Vec::new();
                let mut parts = Vec::new();
                while let Some((name, value)) = entries.next_entry::<String, String>()? {
                    parts.push(format!("{name} == '{value}'"));
                    terms.push(Term::Compare(name, Operator::Equal, Value::Text(value)));
                }
                if terms.is_empty() {
                    return Err(serde::de::Error::custom(
                        "an empty mapping selects nothing; name a field",
                    ));
                }
                Ok(Selector(Expression {
                    text: parts.join(" and "),
                    term: Term::And(terms),
                }))
            }
        }

        deserializer.deserialize_any(SelectorVisitor)
    }
}

impl schemars::JsonSchema for Selector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selector".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "object"],
            "minLength": 1,
            "minProperties": 1,
            "additionalProperties": { "type": "string" }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Expression, Value};

    fn lookup(name: &str) -> Option<Value> {
        match name {
            "app" => Some(Value::Text("hr-archive".into())),
            "env" => Some(Value::Text("prod".into())),
            "tier" => Some(Value::Text("tier1".into())),
            "epss" => Some(Value::Number(0.42)),
            "kev" => Some(Value::Bool(true)),
            "nodes" => Some(Value::Text("12".into())),
            _ => None,
        }
    }

    #[test]
    fn expressions_hold_or_not() {
        let rows = [
            ("app == 'hr-archive' and env == 'prod'", true),
            ("app == hr-archive", true),
            ("env != prod", false),
            ("tier in [tier0, tier1] and not template", true),
            ("not (tier == tier1 or env == dev)", false),
            ("epss >= 0.4 and epss < 0.5", true),
            ("kev", true),
            ("kev == true", true),
            ("nodes > 9", true),
            ("absent == x", false),
            ("absent != x", true),
            ("not absent", true),
            ("env == dev or env == prod and app == x", false),
        ];
        for (text, expected) in rows {
            assert_eq!(
                Expression::parse(text).unwrap().holds(&lookup),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let rows = [
            ("", 1),
            ("tier = tier1", 6),
            ("tier ==", 8),
            ("tier == 'x", 9),
            ("(tier == x", 11),
            ("tier == x y", 11),
            ("tier in tier0", 9),
            ("tier in [a b]", 12),
            ("a; b", 2),
            ("and", 1),
        ];
        for (text, position) in rows {
            assert_eq!(Expression::parse(text).unwrap_err().position, position, "{text}");
        }
        let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
        assert!(Expression::parse(&deep).unwrap_err().message.contains("deep"));
    }
}
