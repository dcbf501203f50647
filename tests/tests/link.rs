//! The link between host and chip, where the line is bad or the other side is not what it should be.

use std::time::Duration;
use thumbnet_link::{Request, encode};
use thumbnet_tests::{faulty::Faulty, network};
use thumbnet_trainer::target::{self, Client, Goal, Image, Kernel, Machine, ModelError, Process, Transport};
use thumbnet_trainer::tnet;

const NAME: &str = "qemu";

fn machine() -> &'static Machine {
    Machine::find("m4").unwrap()
}

fn image() -> Image {
    target::build(&machine().chip(), &[Kernel::Int8], Goal::Size).unwrap_or_else(|error| panic!("{error}"))
}

fn start(model: &[u8]) -> Process {
    Process::start(NAME, machine(), &image(), model).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_line_that_drops_repeats_and_flips_bytes_gives_no_wrong_answer() {
    const INFERENCES: usize = 10_000;
    let model = tnet::write(&network::random(&[2, 20, 1], 5)).unwrap();
    let mut host = target::open("host", &model).unwrap();
    let line = Faulty::new(start(&model), 1e-3, 6);
    let mut client = Client::new(NAME, line, Duration::from_millis(500));
    client.hello().unwrap();
    client.set_timeout(Duration::from_millis(25));

    let mut wrong = 0;
    for index in 0..INFERENCES {
        let input = [(index % 251) as u8, (index / 251) as u8];
        let (outputs, _) = client.outputs(&Request::Infer { inputs: &input }).unwrap();
        wrong += usize::from(outputs != host.evaluate(&input).unwrap().outputs);
    }
    let (retries, faults) = (client.retries(), client.transport().faults);
    println!(
        "{INFERENCES} inferences over a line with {faults} faults: {retries} questions asked again, {wrong} wrong"
    );
    assert_eq!(wrong, 0);
    assert!(retries > 100, "the line was not bad enough for a test: {retries} retries");
}

#[test]
fn a_host_that_vanishes_in_the_middle_leaves_the_chip_ready() {
    let model = tnet::write(&network::random(&[2, 20, 1], 7)).unwrap();
    let mut process = start(&model);
    let mut bytes = [0; 64];
    let frame = encode(77, &Request::Infer { inputs: &[1, 2] }, &mut bytes).unwrap();
    process.send(&frame[..frame.len() / 2]).unwrap();
    let mut client = Client::new(NAME, process, Duration::from_secs(10));
    let hello = client.hello().unwrap();
    assert_eq!(hello.model.unwrap().input_len, 2);
    assert!(client.retries() <= 1);
}

#[test]
fn a_chip_that_says_nothing_is_an_error_in_time() {
    struct Silent;
    impl Transport for Silent {
        fn send(&mut self, _: &[u8]) -> std::io::Result<()> {
            Ok(())
        }
        fn receive(&mut self, timeout: Duration) -> std::io::Result<Vec<u8>> {
            std::thread::sleep(timeout);
            Ok(Vec::new())
        }
    }
    let mut client = Client::new("board", Silent, Duration::from_millis(2));
    let error = client.hello().unwrap_err().to_string();
    assert!(error.starts_with("board: no answer"), "{error}");
}

/// What the chip says about the bytes in its model region; the link must be alive all the while.
fn refusal(model: &[u8]) -> ModelError {
    let mut client = Client::new(NAME, start(model), Duration::from_secs(10));
    let error = client.hello().unwrap().model.unwrap_err();
    let refused = client.outputs(&Request::Infer { inputs: &[1, 2] }).unwrap_err().to_string();
    assert!(refused.contains("model"), "{refused}");
    assert!(client.memory().unwrap().stack > 0);
    assert_eq!(client.hello().unwrap().model, Err(error));
    error
}

#[test]
fn a_model_that_is_none_is_refused_and_the_link_stays_alive() {
    let model = tnet::write(&network::random(&[2, 20, 1], 8)).unwrap();
    assert_eq!(refusal(&[]), ModelError::Missing);
    assert_eq!(refusal(b"ONNX is something else"), ModelError::Missing);

    let mut newer = model.clone();
    newer[thumbnet::format::header::VERSION] += 1;
    let supported = u16::from(thumbnet::format::VERSION);
    assert_eq!(refusal(&newer), ModelError::Version { found: supported + 1, supported });

    let mut damaged = model.clone();
    *damaged.last_mut().unwrap() ^= 0x10;
    assert_eq!(refusal(&damaged), ModelError::Checksum);

    // The rest of the region is zero, as erased flash is all ones: either way the checksum is wrong.
    assert_eq!(refusal(&model[..model.len() - 9]), ModelError::Checksum);

    let mut long = model.clone();
    let length = thumbnet::format::header::LENGTH;
    long[length..length + 4].copy_from_slice(&0x4000_0000u32.to_le_bytes());
    assert_eq!(refusal(&long), ModelError::Truncated);

    let wide = tnet::write(&network::random(&[64_000, 1], 9)).unwrap();
    assert!(matches!(refusal(&wide), ModelError::Memory { needed: 64_000.., available: 1..65_536 }));
}

#[test]
fn a_refused_model_is_an_error_that_says_what_to_do() {
    let error = target::open("qemu", b"nothing").err().unwrap().to_string();
    assert!(error.contains("no model in the chip's flash"), "{error}");
    let error = target::open("qemu:m99", b"nothing").err().unwrap().to_string();
    assert!(error.contains("m99") && error.contains("mps2-an386"), "{error}");
    let error = target::open("moon", b"nothing").err().unwrap().to_string();
    assert!(error.contains("moon") && error.contains("qemu"), "{error}");
}

#[test]
fn a_reset_chip_answers_again() {
    let model = tnet::write(&network::random(&[2, 20, 1], 10)).unwrap();
    let mut client = Client::new(NAME, start(&model), Duration::from_secs(10));
    let before = client.hello().unwrap();
    client.reset().unwrap();
    assert_eq!(client.hello().unwrap(), before);
}
