//! The tree of products: branches, bare names, relationships and groups, each product by its id.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::advice::identify;
use super::super::rows::Refusal;
use super::super::tally::Tally;
use super::super::tree::Tree;
use super::super::value::{remark, shown};
use crate::model::{AdvisoryProduct, ProductIdentity};

/// Branches may nest this deep, as CSAF itself allows.
const MAX_DEPTH: usize = 30;
/// A product may be of products that are of products this often.
const MAX_CHAIN: usize = 16;
/// So many things a product comes with are looked at.
const MAX_IDENTITIES: usize = 8;
/// So many products one document may define.
const MAX_PRODUCTS: usize = 200_000;

/// Every product and group of a document, by its id.
#[derive(Default)]
pub(super) struct Products {
    defined: HashMap<String, Defined>,
    groups: HashMap<String, Vec<String>>,
    made: HashMap<String, Arc<AdvisoryProduct>>,
}

pub(super) struct Defined {
    text: String,
    identity: ProductIdentity,
    relation: Option<Relation>,
}

/// How a product is made of two others.
struct Relation {
    /// Whether the first is part of the second unless somebody leaves it out.
    is_by_default: bool,
    product: String,
    relates_to: String,
}

/// What the branches above a product say of it.
#[derive(Clone, Default)]
struct Path {
    vendor: String,
    name: String,
    version: Option<String>,
    range: Option<String>,
}

impl Products {
    /// Reads the tree.
    pub(super) fn of(tree: &Tree, tally: &mut Tally<'_>) -> Result<Self, Refusal> {
        let mut products = Self::default();
        products.branches(tree, &Path::default(), 1, tally)?;
        let members = |name: &str| tree.get(name).map(Tree::members).unwrap_or_default();
        for product in members("full_product_names") {
            products.define(product, &Path::default(), None, tally)?;
        }
        for relation in members("relationships") {
            let end = |name: &str| {
                let id = relation.text_of(name).map(str::to_owned);
                id.ok_or_else(|| Refusal::Malformed(format!("a relationship without `{name}`")))
            };
            let of = Relation {
                is_by_default: relation.text_of("category") == Some("default_component_of"),
                product: end("product_reference")?,
                relates_to: end("relates_to_product_reference")?,
            };
            let product = relation.get("full_product_name").unwrap_or(&Tree::Null);
            products.define(product, &Path::default(), Some(of), tally)?;
        }
        for group in members("product_groups") {
            let ids = group.get("product_ids").map(Tree::members).unwrap_or_default();
            let ids = ids.iter().filter_map(Tree::text).map(str::to_owned).collect();
            let id = group.text_of("group_id").unwrap_or_default().to_owned();
            products.groups.insert(id, ids);
        }
        Ok(products)
    }

    fn branches(
        &mut self,
        tree: &Tree,
        path: &Path,
        depth: usize,
        tally: &mut Tally<'_>,
    ) -> Result<(), Refusal> {
        let branches = tree.get("branches").map(Tree::members).unwrap_or_default();
        if depth > MAX_DEPTH && !branches.is_empty() {
            return Err(Refusal::OverLimit(format!(
                "`branches` nest deeper than {MAX_DEPTH}"
            )));
        }
        for branch in branches {
            let mut path = path.clone();
            let name = branch.text_of("name").unwrap_or_default();
            match branch.text_of("category").unwrap_or_default() {
                "vendor" => path.vendor = name.to_owned(),
                "product_name" => path.name = name.to_owned(),
                "product_version" => path.version = Some(name.to_owned()),
                "product_version_range" => path.range = Some(name.to_owned()),
                // Families, architectures, languages and what else there is tell no version from another.
                _ => {}
            }
            if let Some(product) = branch.get("product") {
                self.define(product, &path, None, tally)?;
            }
            self.branches(branch, &path, depth + 1, tally)?;
        }
        Ok(())
    }

    fn define(
        &mut self,
        product: &Tree,
        path: &Path,
        relation: Option<Relation>,
        tally: &mut Tally<'_>,
    ) -> Result<(), Refusal> {
        let Some(id) = product.text_of("product_id") else {
            return Err(Refusal::Malformed("a product without `product_id`".into()));
        };
        let full = product.text_of("name").unwrap_or(id);
        let mut identity = ProductIdentity {
            version: path.version.as_deref().map(remark),
            range: path.range.as_deref().map(remark),
            ..ProductIdentity::default()
        };
        if !path.name.is_empty() {
            identify(&mut identity, tally, &path.name);
            if !path.vendor.is_empty() {
                identify(&mut identity, tally, &format!("{} {}", path.vendor, path.name));
            }
        } else if relation.is_none() {
            identify(&mut identity, tally, full);
        }
        if let Some(helper) = product.get("product_identification_helper") {
            let several = helper.get("purls").map(Tree::members).unwrap_or_default();
            let one = ["purl", "cpe"]
                .into_iter()
                .filter_map(|name| helper.text_of(name));
            for text in one.chain(several.iter().filter_map(Tree::text)) {
                identify(&mut identity, tally, text);
            }
        }
        let defined = Defined {
            text: remark(full),
            identity,
            relation,
        };
        if self.defined.len() >= MAX_PRODUCTS {
            return Err(Refusal::OverLimit(format!("more than {MAX_PRODUCTS} products")));
        }
        if self.defined.insert(id.to_owned(), defined).is_some() {
            return Err(Refusal::Malformed(format!(
                "the product {} is defined twice",
                shown(id)
            )));
        }
        Ok(())
    }

    /// Returns the ids that a group stands for.
    pub(super) fn group(&self, id: &str) -> Result<&[String], Refusal> {
        let group = self.groups.get(id).map(Vec::as_slice);
        group.ok_or_else(|| Refusal::Malformed(format!("there is no product group {}", shown(id))))
    }

    /// Refuses an id that is not defined.
    pub(super) fn know(&self, id: &str) -> Result<&Defined, Refusal> {
        let defined = self.defined.get(id);
        defined
            .ok_or_else(|| Refusal::Malformed(format!("the product {} is not in `product_tree`", shown(id))))
    }

    /// Returns a product.
    pub(super) fn get(&mut self, id: &str) -> Result<Arc<AdvisoryProduct>, Refusal> {
        self.at(id, MAX_CHAIN)
    }

    fn at(&mut self, id: &str, left: usize) -> Result<Arc<AdvisoryProduct>, Refusal> {
        if let Some(made) = self.made.get(id) {
            return Ok(Arc::clone(made));
        }
        let defined = self.know(id)?;
        let mut product = AdvisoryProduct {
            text: defined.text.clone(),
            identities: vec![defined.identity.clone()],
        };
        let relation = defined.relation.as_ref();
        let parts = relation.map(|one| (one.product.clone(), one.relates_to.clone(), one.is_by_default));
        if let Some((part, whole, is_by_default)) = parts {
            let Some(left) = left.checked_sub(1) else {
                let message = format!(
                    "relationships lead in a circle or over more than {MAX_CHAIN} products at {}",
                    shown(id)
                );
                return Err(Refusal::OverLimit(message));
            };
            let part = self.at(&part, left)?;
            let whole = self.at(&whole, left)?;
            product.identities = compose(&product.identities, &part, is_by_default.then_some(&*whole));
        }
        let product = Arc::new(product);
        self.made.insert(id.to_owned(), Arc::clone(&product));
        Ok(product)
    }
}

/// The part under its own names, with what the relationship itself says; then what it is a part of.
fn compose(
    own: &[ProductIdentity],
    part: &AdvisoryProduct,
    whole: Option<&AdvisoryProduct>,
) -> Vec<ProductIdentity> {
    let mut all = part.identities.clone();
    if let (Some(first), Some(own)) = (all.first_mut(), own.first()) {
        if !own.purls.is_empty() {
            first.purls.clone_from(&own.purls);
        }
        if !own.cpes.is_empty() {
            first.cpes.clone_from(&own.cpes);
        }
    }
    all.extend(
        whole
            .into_iter()
            .flat_map(|whole| whole.identities.iter().cloned()),
    );
    all.truncate(MAX_IDENTITIES);
    all
}
