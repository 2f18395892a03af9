//! The binary: hands the world to the library and returns its exit code.

fn main() -> std::process::ExitCode {
    countersign::cli::main()
}
