//! The firmware for real chips speaks RTT: the same frames, through memory that a probe reads and writes. QEMU runs it here.

use std::time::Duration;
use thumbnet_link::Request;
use thumbnet_tests::{network, rtt::Rtt};
use thumbnet_trainer::dataset::{self, Options};
use thumbnet_trainer::target::{self, Client, Goal, Kernel, Machine};
use thumbnet_trainer::tnet;

fn client(core: &str, model: &[u8]) -> Client<Rtt> {
    let machine = Machine::find(core).unwrap();
    let image = target::build(&machine.chip().over_rtt(), &[Kernel::Int8], Goal::Size);
    let image = image.unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.tnet");
    std::fs::write(&file, model).expect("a file");
    Client::new(core, Rtt::start(machine, &image.path, &file), Duration::from_secs(10))
}

#[test]
fn the_frames_of_two_architectures_go_over_rtt() {
    let model = tnet::write(&network::random(&[784, 24, 10], 11)).unwrap();
    let images = dataset::load("mnist", &Options::default()).unwrap().test.head(5);
    let inputs = target::samples(&model, &images.features).unwrap();
    let mut host = target::open("host", &model).unwrap();
    let expected = host.evaluate(&inputs).unwrap().outputs;
    for core in ["m4", "m0"] {
        let mut client = client(core, &model);
        let hello = client.hello().unwrap();
        assert_eq!(hello.model.unwrap().input_len, 784);
        client.set_timeout(Duration::from_secs(2));
        for (input, expected) in inputs.chunks(784).zip(expected.chunks(10)) {
            let (outputs, count) = client.outputs(&Request::Infer { inputs: input }).unwrap();
            assert_eq!(outputs, expected, "{core}");
            assert!(count > 0);
        }
        assert_eq!(client.layer(0, &inputs[..784]).unwrap().0, host.layer(0, &inputs[..784]).unwrap().outputs);
        assert_eq!(client.profile(&inputs[..784]).unwrap().len(), 2);
        assert!(client.memory().unwrap().stack > 100);
        // What is no frame is asked for again, and the chip is ready for the next.
        assert!(client.outputs(&Request::Infer { inputs: &[1, 2, 3] }).unwrap_err().to_string().contains("784"));
        client.reset().unwrap();
        assert_eq!(client.hello().unwrap(), hello);
        println!("{core}: {} questions asked again", client.retries());
    }
}

#[test]
fn a_damaged_model_is_refused_over_rtt_and_the_link_stays_alive() {
    let mut model = tnet::write(&network::random(&[2, 20, 1], 12)).unwrap();
    *model.last_mut().unwrap() ^= 1;
    let mut client = client("m4", &model);
    assert_eq!(client.hello().unwrap().model, Err(target::ModelError::Checksum));
    let refused = client.outputs(&Request::Infer { inputs: &[1, 2] }).unwrap_err().to_string();
    assert!(refused.contains("checksum is wrong"), "{refused}");
    assert!(client.memory().unwrap().stack > 0);
}
