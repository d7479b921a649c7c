//! Lays texts beside each other: words that all have, and holes between them.

use super::tokens::Token;

/// Less than so many letters between two holes are chance.
const MIN_ISLAND: usize = 4;

/// A line with so many holes is one.
const MAX_HOLES: usize = 4;

/// A piece of the common text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// All texts have it.
    Word(Token),
    /// What each text has here, in the order of the texts.
    Hole(Vec<Vec<Token>>),
}

/// What texts have in common, in the order that they share.
pub(super) fn align(texts: &[&[Token]]) -> Vec<Item> {
    let Some((first, rest)) = texts.split_first() else { return Vec::new() };
    let mut items: Vec<Item> = first.iter().cloned().map(Item::Word).collect();
    for (count, text) in rest.iter().enumerate() {
        items = merge(&items, count + 1, text);
    }
    let items = items.into_iter().map(|item| value(item, texts.len())).collect();
    let mut out = Vec::new();
    let mut line: Vec<Item> = Vec::new();
    for item in join(items, texts.len()) {
        if matches!(&item, Item::Word(token) if token.line) {
            whole(std::mem::take(&mut line), texts.len(), &mut out);
        }
        line.push(item);
    }
    whole(line, texts.len(), &mut out);
    out
}

/// A line with many holes is free text in which some words happen to agree. Punctuation at its end
/// that the text before it holds too would end the slot too early, and belongs to it.
fn whole(line: Vec<Item>, count: usize, out: &mut Vec<Item>) {
    let line = with_marks(line, count);
    let is_hole = |item: &Item| matches!(item, Item::Hole(_));
    let holes = line.iter().filter(|item| is_hole(item)).count();
    let (Some(first), Some(last)) = (line.iter().position(is_hole), line.iter().rposition(is_hole)) else {
        return out.extend(line);
    };
    if holes < MAX_HOLES {
        return out.extend(line);
    }
    out.extend_from_slice(&line[..first]);
    one_hole(&line[first..=last], count, out);
    out.extend_from_slice(&line[last + 1..]);
}

fn with_marks(line: Vec<Item>, count: usize) -> Vec<Item> {
    let marks = line.iter().rev().take_while(|item| matches!(item, Item::Word(token) if token.letters() == 0)).count();
    let Some(at) = (line.len() - marks).checked_sub(1).filter(|_| marks > 0) else { return line };
    let (Item::Hole(held), Item::Word(mark)) = (&line[at], &line[at + 1]) else { return line };
    if !held.iter().flatten().any(|token| token.text.contains(&mark.text)) {
        return line;
    }
    let mut out = line[..at].to_vec();
    one_hole(&line[at..], count, &mut out);
    out
}

/// Items as one hole.
fn one_hole(items: &[Item], count: usize, out: &mut Vec<Item>) {
    let from = out.len();
    hole(items, &[], count, out);
    if let Some(Item::Hole(held)) = out.get_mut(from) {
        held.truncate(count);
    }
}

/// A word that looks like a value is taken as one that varies, although all texts share it.
fn value(item: Item, count: usize) -> Item {
    match item {
        Item::Word(token) if super::slots::is_value(&token.text) => Item::Hole(vec![vec![token]; count]),
        item => item,
    }
}

/// One more text. `count` texts are in the items.
fn merge(items: &[Item], count: usize, text: &[Token]) -> Vec<Item> {
    let words: Vec<(usize, &Token)> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| match item {
            Item::Word(token) => Some((index, token)),
            Item::Hole(_) => None,
        })
        .collect();
    let mut out = Vec::new();
    let (mut item, mut token) = (0, 0);
    for (word, place) in common(&words, text) {
        hole(&items[item..word], &text[token..place], count, &mut out);
        if let Item::Word(found) = &items[word] {
            let line = found.line && text[place].line;
            out.push(Item::Word(Token { line, space: found.space || text[place].space, ..found.clone() }));
        }
        (item, token) = (word + 1, place + 1);
    }
    hole(&items[item..], &text[token..], count, &mut out);
    out
}

/// What stands between two common words.
fn hole(items: &[Item], text: &[Token], count: usize, out: &mut Vec<Item>) {
    if items.is_empty() && text.is_empty() {
        return;
    }
    let mut held: Vec<Vec<Token>> = vec![Vec::new(); count];
    for item in items {
        for (index, held) in held.iter_mut().enumerate() {
            match item {
                Item::Word(token) => held.push(token.clone()),
                Item::Hole(all) => held.extend(all.get(index).into_iter().flatten().cloned()),
            }
        }
    }
    held.push(text.to_vec());
    out.push(Item::Hole(held));
}

/// The heaviest common subsequence: positions of items and of tokens. Long words weigh more, and a
/// word at the same place in its line.
fn common(words: &[(usize, &Token)], text: &[Token]) -> Vec<(usize, usize)> {
    let width = text.len() + 1;
    let mut best = vec![0_u32; (words.len() + 1) * width];
    let weight = |a: &Token, b: &Token| {
        if a.key != b.key {
            return 0;
        }
        2 * a.key.len().min(20) as u32 + 1 + u32::from(a.line == b.line) * 2
    };
    for (i, (_, word)) in words.iter().enumerate().rev() {
        for (j, token) in text.iter().enumerate().rev() {
            let both = weight(word, token);
            let with = if both > 0 { best[(i + 1) * width + j + 1] + both } else { 0 };
            best[i * width + j] = with.max(best[(i + 1) * width + j]).max(best[i * width + j + 1]);
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < words.len() && j < text.len() {
        let here = best[i * width + j];
        let both = weight(words[i].1, &text[j]);
        if both > 0 && here == best[(i + 1) * width + j + 1] + both {
            pairs.push((words[i].0, j));
            (i, j) = (i + 1, j + 1);
        } else if here == best[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Words between two holes that say too little belong to the holes.
fn join(items: Vec<Item>, count: usize) -> Vec<Item> {
    let mut out: Vec<Item> = Vec::new();
    let mut island: Vec<Item> = Vec::new();
    for item in items {
        match item {
            Item::Word(ref token) => {
                if token.line {
                    out.append(&mut island);
                }
                island.push(item);
            }
            Item::Hole(_) => {
                let letters: usize = island.iter().map(letters).sum();
                let begins_line = matches!(island.first(), Some(Item::Word(token)) if token.line);
                let after_hole = matches!(out.last(), Some(Item::Hole(_)));
                if after_hole && letters < MIN_ISLAND && !begins_line {
                    let before = out.pop();
                    let all: Vec<Item> = before.into_iter().chain(island.drain(..)).chain([item]).collect();
                    one_hole(&all, count, &mut out);
                } else {
                    out.append(&mut island);
                    out.push(item);
                }
            }
        }
    }
    out.append(&mut island);
    out
}

fn letters(item: &Item) -> usize {
    match item {
        Item::Word(token) => token.letters(),
        Item::Hole(_) => 0,
    }
}
