//! The committed schemas are those of the types, and are good draft 2020-12 schemas.

use countersign::model::{Kind, configuration_schema, generated_schema, schema_file_name, schema_text};

fn kinds() -> Vec<Option<Kind>> {
    Kind::ALL.iter().copied().map(Some).chain([None]).collect()
}

/// Run with `UPDATE=1` to write what the types say.
#[test]
fn committed_schemas_are_generated_from_the_types() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for kind in kinds() {
        let generated = serde_json::to_string_pretty(&generated_schema(kind)).unwrap() + "\n";
        let path = folder.join(schema_file_name(kind));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &generated).unwrap();
            continue;
        }
        let committed = kind.map_or(configuration_schema(), schema_text);
        assert!(
            generated == committed,
            "{} is not current; run the tests with UPDATE=1",
            path.display()
        );
    }
}

#[test]
fn schemas_are_valid_draft_2020_12() {
    for kind in kinds() {
        let schema: serde_json::Value =
            serde_json::from_str(kind.map_or(configuration_schema(), schema_text)).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::draft202012::meta::validate(&schema).unwrap();
    }
}
