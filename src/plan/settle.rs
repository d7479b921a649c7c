//! What decides many rules at once: conditions and exclusions that stand in many rules are asked once and
//! settled for all of them, and a rule of which nothing else is left is undecided without being evaluated.

use super::draft::bits;
use super::index::{Bits, Index, Keys, fold_key};
use super::lack::{Lack, LackId};
use super::{ClassId, Clause, Conjunct, NOWHERE, Node, NodeId, Op, Plan, PlannedRule, Reasons};
use crate::check::hir::{Fold, Ordering, RuleId};
use foldhash::{HashMap, HashMapExt};

/// A condition that fewer rules share is left to them.
const MIN_RULES: u32 = 4;
/// Rules with more operands are evaluated.
const MAX_OPERANDS: usize = 64;
/// What costs more is asked only once the index has ruled out what it can.
const CHEAP: u32 = 20;

/// Asked once for all rules one of whose operands it is.
#[derive(Debug)]
pub struct Settler {
    /// What is asked.
    pub asks: Asks,
    /// Those rules, by words of a layer.
    pub rules: Vec<Bits>,
    /// What they lack if it is unknown; [`Reasons::Own`]: each of them says so itself.
    pub reasons: Reasons,
}

/// What a settler asks.
#[derive(Debug)]
pub enum Asks {
    /// A condition, with the place where its truth is kept.
    Condition(NodeId, u32),
    /// That a text is none of some.
    Exclusion {
        /// The text.
        value: NodeId,
        /// The number of each text.
        keys: Keys,
        /// By number, the rules that exclude it.
        excluded: Vec<Vec<Bits>>,
    },
}

/// A part of what an undecided rule lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LackPart {
    /// What.
    pub lack: LackId,
    /// It may be there after all: then another part is what is absent.
    pub perhaps: bool,
}

/// A number among [`Settlement::signatures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureId(pub u32);

/// The plan's settlers, and what is left of the rules beside them. Words are those of a layer of the index.
#[derive(Debug, Default)]
pub struct Settlement {
    /// Cheap ones that concern most rules: asked before the index.
    pub first: Vec<Settler>,
    /// The others, the cheapest first.
    pub then: Vec<Settler>,
    /// Rules with an operand that only an evaluation decides.
    pub asked: Vec<u64>,
    /// For each layer, rules whose guard there is one of an operand that is unknown unless a value lights it.
    pub told: Vec<u64>,
    /// Those of them that are asked once a value lights it; the others are true then.
    pub unsure: Vec<u64>,
    /// Classes of values with the rules that are undecided only if some element lacks all of them.
    pub classes: Vec<(ClassId, Vec<Bits>)>,
    /// What the operands that the index tells lack, if all of them are unknown.
    pub signatures: Vec<Vec<LackPart>>,
    /// For each bit of a layer the signature of its rule.
    pub of_bits: Vec<SignatureId>,
}

/// Finds out what can be settled; told of each node whether it holds a reference to a rule: it has no value
/// before that rule has one.
pub(super) fn settle(plan: &Plan, refers: &[bool]) -> Settlement {
    let Plan { nodes, rules, conjuncts, lacks, index, .. } = plan;
    let words = index.words;
    let mut draft = Draft {
        nodes,
        lacks,
        conditions: HashMap::new(),
        exclusions: HashMap::new(),
        classes: HashMap::new(),
        known: HashMap::new(),
        out: Settlement {
            asked: vec![0; words],
            told: vec![0; index.lit.len()],
            unsure: vec![0; index.lit.len()],
            of_bits: vec![SignatureId(0); words * 64],
            ..Settlement::default()
        },
    };
    let used = uses(nodes.len(), conjuncts);
    let referred = referred(nodes, rules.len());
    for ((rule, id), referred) in rules.iter().zip(0..).zip(referred) {
        if index.can_hold(RuleId(id)) {
            let bit = index.bits[id as usize];
            let parts = &conjuncts[rule.conjuncts.start as usize..rule.conjuncts.end as usize];
            draft.rule(rule, parts, bit, words, referred, |node| {
                used[node.0 as usize] >= MIN_RULES && !refers[node.0 as usize]
            });
        }
    }
    draft.finish(index)
}

/// Of how many rules each node is an operand.
fn uses(nodes: usize, conjuncts: &[Conjunct]) -> Vec<u32> {
    let mut used = vec![0; nodes];
    conjuncts.iter().for_each(|conjunct| used[conjunct.node.0 as usize] += 1);
    used
}

/// The rules that others refer to.
fn referred(nodes: &[Node], rules: usize) -> Vec<bool> {
    let mut referred = vec![false; rules];
    for node in nodes {
        if let Op::Rule(id) = node.op {
            referred[id.0 as usize] = true;
        }
    }
    referred
}

/// `x != "a"` and `x not in ("a", "b")` with constant texts.
fn exclusion(nodes: &[Node], id: NodeId) -> Option<(NodeId, Fold, Vec<&str>)> {
    let op = |id: NodeId| &nodes[id.0 as usize].op;
    let text = |id: NodeId| match op(id) {
        Op::Const(constant) => constant.0.as_str(),
        _ => None,
    };
    let (value, fold, texts) = match op(id) {
        Op::Compare(Ordering::Ne, fold, a, b) => match (text(*a), text(*b)) {
            (None, Some(text)) => (*a, *fold, vec![text]),
            (Some(text), None) => (*b, *fold, vec![text]),
            _ => return None,
        },
        Op::Not(inner) => match op(*inner) {
            Op::InValues(value, fold, items) => {
                (*value, *fold, items.iter().map(|item| text(*item)).collect::<Option<_>>()?)
            }
            _ => return None,
        },
        _ => return None,
    };
    nodes[value.0 as usize].closed.then_some((value, fold, texts))
}

/// Where a settler stands among the others: what it asks by cost and node, and which texts are the same.
type Order = (u32, NodeId, Option<Fold>);

/// Rules by their bits, with what they lack.
#[derive(Default)]
struct Waiting<'p> {
    bits: Vec<u32>,
    reasons: Option<&'p Reasons>,
}

impl<'p> Waiting<'p> {
    fn add(&mut self, bit: u32, reasons: &'p Reasons) {
        self.bits.push(bit);
        // Equal conditions that were written otherwise may lack something else.
        let same = self.reasons.is_none_or(|known| known == reasons) && reasons.are_shared();
        self.reasons = Some(if same { reasons } else { &Reasons::Own });
    }

    fn settler(self, asks: Asks, words: usize) -> Settler {
        Settler { asks, rules: bits(self.bits, words), reasons: self.reasons.cloned().unwrap_or(Reasons::Own) }
    }
}

impl Reasons {
    /// True if equal ones are those of equal clauses, however they were written.
    fn are_shared(&self) -> bool {
        match self {
            Self::Shared(_) => true,
            Self::Operands(parts) => parts.iter().all(|part| part.reasons.are_shared()),
            Self::Own => false,
        }
    }
}

#[derive(Default)]
struct DraftExclusion<'p> {
    all: Waiting<'p>,
    keys: HashMap<&'p str, Vec<u32>>,
}

struct Draft<'p> {
    nodes: &'p [Node],
    lacks: &'p [Lack],
    conditions: HashMap<(NodeId, u32), Waiting<'p>>,
    exclusions: HashMap<(NodeId, Fold), DraftExclusion<'p>>,
    classes: HashMap<ClassId, Vec<u32>>,
    known: HashMap<Vec<LackPart>, SignatureId>,
    out: Settlement,
}

impl<'p> Draft<'p> {
    fn rule(
        &mut self,
        rule: &'p PlannedRule,
        conjuncts: &[Conjunct],
        bit: u32,
        words: usize,
        referred: bool,
        is_common: impl Fn(NodeId) -> bool,
    ) {
        let (word, mask) = (bit as usize / 64, 1_u64 << (bit % 64));
        let mut leaves = Vec::with_capacity(conjuncts.len());
        let known = !referred && conjuncts.len() <= MAX_OPERANDS && self.leaves(&rule.clauses, conjuncts, &mut leaves);
        let mut signature = Vec::new();
        let mut asked = !known;
        for conjunct in conjuncts {
            let reasons = leaves.iter().find(|leaf| leaf.node == conjunct.node).map(|leaf| &leaf.reasons);
            if conjunct.layers != 0 {
                // Whether it is true or unknown is a matter of that value alone.
                let certain = conjunct.certain && reasons.is_some_and(|reasons| self.is_value(reasons));
                asked |= !reasons.is_some_and(|reasons| self.lacking(reasons, certain, &mut signature));
                self.tell(conjunct, certain, bit, words);
            } else if !self.settled(conjunct, reasons, bit, &is_common) {
                asked = true;
            }
        }
        signature.sort_unstable_by_key(|part| (part.lack.0, part.perhaps));
        signature.dedup();
        let next = SignatureId(self.out.signatures.len() as u32);
        let id = match self.known.get(&signature) {
            Some(known) => *known,
            None => {
                self.out.signatures.push(signature.clone());
                self.known.insert(signature, next);
                next
            }
        };
        self.out.of_bits[bit as usize] = id;
        if asked {
            self.out.asked[word] |= mask;
        }
    }

    /// The clauses that are operands of the plan, from those that were written; false if it has others.
    fn leaves(&self, clauses: &'p [Clause], conjuncts: &[Conjunct], found: &mut Vec<&'p Clause>) -> bool {
        clauses.iter().all(|clause| {
            if conjuncts.iter().any(|conjunct| conjunct.node == clause.node) {
                found.push(clause);
                return true;
            }
            match (&self.nodes[clause.node.0 as usize].op, &clause.reasons) {
                (Op::And(_), Reasons::Operands(parts)) => self.leaves(parts, conjuncts, found),
                // It was dropped: it always holds.
                (Op::Const(_), _) => true,
                _ => false,
            }
        })
    }

    /// What a clause that the index tells lacks; false if only an evaluation finds that out.
    fn lacking(&self, reasons: &Reasons, perhaps: bool, out: &mut Vec<LackPart>) -> bool {
        match reasons {
            Reasons::Shared(lack) => {
                out.push(LackPart { lack: *lack, perhaps });
                !perhaps || self.is_value(reasons)
            }
            Reasons::Operands(parts) => parts.iter().all(|part| self.lacking(&part.reasons, true, out)),
            Reasons::Own => false,
        }
    }

    /// True if the absence of one value of the message is all that can be lacking.
    fn is_value(&self, reasons: &Reasons) -> bool {
        matches!(reasons, Reasons::Shared(lack) if matches!(self.lacks[lack.0 as usize], Lack::Value(_)))
    }

    fn tell(&mut self, conjunct: &Conjunct, certain: bool, bit: u32, words: usize) {
        let (word, mask) = (bit as usize / 64, 1_u64 << (bit % 64));
        let mut layers = conjunct.layers;
        while layers != 0 {
            let at = layers.trailing_zeros() as usize * words + word;
            self.out.told[at] |= mask;
            self.out.unsure[at] |= if certain { 0 } else { mask };
            layers &= layers - 1;
        }
        if let Some(class) = conjunct.class {
            self.classes.entry(class).or_default().push(bit);
        }
    }

    /// Leaves an operand to a settler, if one settles it.
    fn settled(
        &mut self,
        conjunct: &Conjunct,
        reasons: Option<&'p Reasons>,
        bit: u32,
        is_common: impl Fn(NodeId) -> bool,
    ) -> bool {
        let reasons = reasons.unwrap_or(&Reasons::Own);
        if is_common(conjunct.node) && conjunct.place != NOWHERE {
            let key = (conjunct.node, conjunct.place);
            self.conditions.entry(key).or_default().add(bit, reasons);
            return true;
        }
        let Some((value, fold, texts)) = exclusion(self.nodes, conjunct.node) else { return false };
        // Whose clauses are not the same ones share only a value.
        let reasons = if self.is_value(reasons) { reasons } else { &Reasons::Own };
        let excluded = self.exclusions.entry((value, fold)).or_default();
        excluded.all.add(bit, reasons);
        texts.into_iter().for_each(|text| excluded.keys.entry(text).or_default().push(bit));
        true
    }

    fn finish(self, index: &Index) -> Settlement {
        let Self { nodes, conditions, exclusions, classes, mut out, .. } = self;
        let mut settlers: Vec<(Order, Settler)> = Vec::new();
        for ((node, place), waiting) in conditions {
            let settler = waiting.settler(Asks::Condition(node, place), index.words);
            settlers.push(((nodes[node.0 as usize].cost, node, None), settler));
        }
        let mut buffer = String::new();
        for ((value, fold), draft) in exclusions {
            let (mut keys, mut excluded) = (HashMap::<Box<str>, u32>::new(), Vec::<Vec<u32>>::new());
            for (text, rules) in draft.keys {
                let next = excluded.len() as u32;
                let key = *keys.entry(fold_key(fold, text, &mut buffer).into()).or_insert(next);
                if key == next {
                    excluded.push(Vec::new());
                }
                excluded[key as usize].extend(rules);
            }
            let excluded = excluded.into_iter().map(|rules| bits(rules, index.words)).collect();
            let asks = Asks::Exclusion { value, keys: Keys::new(fold, keys), excluded };
            let settler = draft.all.settler(asks, index.words);
            settlers.push(((nodes[value.0 as usize].cost, value, Some(fold)), settler));
        }
        settlers.sort_by_key(|(order, _)| *order);
        let most = index.bits.len() as u32 / 2;
        for ((cost, ..), settler) in settlers {
            let concerned: u32 = settler.rules.iter().map(|bits| bits.bits.count_ones()).sum();
            let list = if cost < CHEAP && concerned > most { &mut out.first } else { &mut out.then };
            list.push(settler);
        }
        out.classes = classes.into_iter().map(|(class, rules)| (class, bits(rules, index.words))).collect();
        out.classes.sort_by_key(|(class, _)| *class);
        out
    }
}
