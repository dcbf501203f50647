//! The cores, as far as they decide how a program is built, and which emulated machine counts for them.

use super::Machine;

/// A core of the Cortex-M family.
#[derive(Debug, PartialEq)]
pub struct Core {
    /// As Arm calls it; `Armv8-M` and the like where only the architecture is known.
    pub name: &'static str,
    /// The compiler's target: all that the core has, and nothing that it might not have.
    pub triple: &'static str,
    /// The kernels that it can run: `dsp`, or `scalar`.
    pub backend: &'static str,
    /// The QEMU machine, by its core's short name, whose instructions stand for this core's.
    pub machine: &'static str,
    /// Cycles per instruction of an evaluation, with no waiting for the flash. An estimate: 1.3 on the M4 comes from a model
    /// of its pipeline; the other cores' are in the ratio of MLPerf Tiny's results for the same network, as far as there are
    /// any, and else from Arm's tables of timings.
    pub cycles_per_instruction: f64,
}

const fn core(
    name: &'static str,
    triple: &'static str,
    backend: &'static str,
    machine: &'static str,
    cycles_per_instruction: f64,
) -> Core {
    Core { name, triple, backend, machine, cycles_per_instruction }
}

const V6M: &str = "thumbv6m-none-eabi";
const V7M: &str = "thumbv7m-none-eabi";
const V7EM: &str = "thumbv7em-none-eabi";
const V7EM_HF: &str = "thumbv7em-none-eabihf";
const V8M_BASE: &str = "thumbv8m.base-none-eabi";
const V8M_HF: &str = "thumbv8m.main-none-eabihf";

static CORES: &[Core] = &[
    core("Cortex-M0", V6M, "scalar", "m0", 1.6),
    core("Cortex-M0+", V6M, "scalar", "m0", 1.4),
    core("Cortex-M3", V7M, "scalar", "m3", 1.3),
    core("Cortex-M4", V7EM, "dsp", "m4", 1.3),
    core("Cortex-M4F", V7EM_HF, "dsp", "m4", 1.3),
    core("Cortex-M7", V7EM_HF, "dsp", "m7", 0.8),
    core("Cortex-M23", V8M_BASE, "scalar", "m0", 1.4),
    core("Cortex-M33", V8M_HF, "dsp", "m33", 1.3),
    core("Cortex-M55", V8M_HF, "dsp", "m55", 1.1),
    core("Cortex-M85", V8M_HF, "dsp", "m55", 0.8),
    // A chip of which no more is known.
    core("Armv6-M", V6M, "scalar", "m0", 1.6),
    core("Armv7-M", V7M, "scalar", "m3", 1.3),
    core("Armv7E-M", V7EM, "dsp", "m4", 1.3),
    core("Armv8-M", V8M_BASE, "scalar", "m0", 1.6),
];

impl Core {
    /// The core of this name.
    #[cfg(any(feature = "probe", test))]
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        CORES.iter().find(|core| core.name == name)
    }

    /// The core of an emulated board.
    pub(super) fn of_machine(machine: &Machine) -> &'static Self {
        let same = |core: &&Self| core.machine == machine.short && core.triple == machine.triple;
        CORES.iter().find(same).unwrap_or(&CORES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::MACHINES;

    #[test]
    fn every_machine_has_its_core() {
        for machine in MACHINES {
            let core = Core::of_machine(machine);
            assert!(core.name.starts_with(machine.core), "{} is no {}", core.name, machine.core);
            assert_eq!(core.backend, machine.backend);
        }
        for core in CORES {
            assert!(MACHINES.iter().any(|machine| machine.short == core.machine), "{}", core.name);
        }
    }
}
