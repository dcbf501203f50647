//! What instructions take, by the tables in Arm's manuals of the cores, or by LLVM's model where the manual has none: an estimate,
//! since memory is taken to answer at once, and an emulator has no cycles.

use crate::dual_issue;
use crate::instruction::Instruction;

/// A core, and where it says what its instructions take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// Cortex-M0+ Technical Reference Manual (DDI 0484C), table 3-1, with the multiplier of one cycle.
    M0Plus,
    /// Cortex-M3 Technical Reference Manual (100165), table 3-1.
    M3,
    /// Cortex-M4 Technical Reference Manual (100166), tables 3-1 and 7-1.
    M4,
    /// Cortex-M7, whose manual has no table: the model of [`dual_issue`].
    M7,
    /// Cortex-M33, whose manual has no table: as the M4, since LLVM schedules both by one model (`ARMProcessors.td` gives
    /// cortex-m33 the `CortexM4Model`).
    M33,
}

impl Core {
    /// The core with this short name.
    pub fn of(short: &str) -> Option<Self> {
        match short {
            "m0" => Some(Self::M0Plus),
            "m3" => Some(Self::M3),
            "m4" => Some(Self::M4),
            "m7" => Some(Self::M7),
            "m33" => Some(Self::M33),
            _ => None,
        }
    }

    /// The cycles of a block of instructions that is executed from its first to its last, and goes on at `next`.
    ///
    /// A single load or store after another takes one cycle (M3, M4, M33). Where the manual gives a range, the refill of the pipeline
    /// takes two cycles, a long multiplication on the M3 the most, and a division the most.
    pub fn cycles(self, block: &[Instruction], next: u64) -> u64 {
        if self == Self::M7 {
            return dual_issue::cycles(block, next);
        }
        let mut cycles = 0;
        let mut before: Option<&Instruction> = None;
        for instruction in block {
            cycles += self.alone(instruction);
            if let Some(before) = before {
                if self != Self::M0Plus && instruction.is_single() && before.is_single() {
                    cycles -= 1;
                }
                cycles += u64::from(before.is_float_arithmetic() && instruction.reads(before.target()));
            }
            before = Some(instruction);
        }
        if let Some(last) = before.filter(|last| last.address + last.length != next) {
            cycles += match self {
                Self::M0Plus if last.name == "bl" || last.is(&["pop"]) => 2,
                Self::M0Plus => 1,
                Self::M3 | Self::M4 | Self::M7 | Self::M33 => 2,
            };
        }
        cycles
    }

    /// What an instruction takes that goes on with the next, and has none before it.
    fn alone(self, instruction: &Instruction) -> u64 {
        if instruction.is_multiple() {
            return 1 + instruction.words();
        }
        if instruction.is(&["ldrd", "strd"]) {
            return 3;
        }
        if instruction.is_single() {
            return if instruction.operands.starts_with('d') { 3 } else { 2 };
        }
        let m3 = self == Self::M3;
        if instruction.is(&["sdiv", "udiv"]) {
            12
        } else if m3 && instruction.is(&["smull", "umull"]) {
            5
        } else if m3 && instruction.is(&["smlal", "umlal"]) {
            7
        } else if m3 && instruction.is(&["mla", "mls"]) {
            2
        } else if instruction.is(&["vdiv", "vsqrt"]) {
            14
        } else if instruction.is(&["vfma", "vfms", "vfnm", "vmla", "vmls", "vnml"]) {
            3
        } else if instruction.is(&["vmov"]) && instruction.operands.matches(',').count() >= 2 {
            2
        } else {
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &[&str]) -> Vec<Instruction> {
        let line =
            |(index, text): (usize, &&str)| Instruction::parse(&format!("0x{:08x}:  bf00       {text}", 2 * index));
        text.iter().enumerate().map(|each| line(each).unwrap()).collect()
    }

    #[test]
    fn blocks_take_what_the_manuals_say() {
        let each = [
            (&["ldr r0, [r1]", "ldr r2, [r3]", "ldrb r4, [r1]"][..], [6, 4, 4]),
            (&["ldm r0!, {r1, r2, r3}"], [4, 4, 4]),
            (&["mla r0, r1, r2, r0", "movs r0, #1"], [2, 3, 2]),
            (&["smull r0, r1, r2, r3"], [1, 5, 1]),
            (&["muls r0, r1, r0", "adds r0, r1"], [2, 2, 2]),
        ];
        for (text, expected) in each {
            let block = block(text);
            let next = 2 * text.len() as u64;
            assert_eq!([Core::M0Plus, Core::M3, Core::M4].map(|core| core.cycles(&block, next)), expected, "{text:?}");
        }
        let taken = block(&["bne #0"]);
        assert_eq!([Core::M0Plus, Core::M3, Core::M4].map(|core| core.cycles(&taken, 0)), [2, 3, 3]);
        let back = block(&["pop {r4, pc}"]);
        assert_eq!([Core::M0Plus, Core::M3, Core::M4].map(|core| core.cycles(&back, 0)), [5, 5, 5]);
        let floats = [
            (&["vfma.f32 s0, s1, s2", "vfma.f32 s3, s1, s2"][..], 6),
            (&["vfma.f32 s0, s1, s2", "vfma.f32 s0, s1, s2"], 7),
            (&["vmul.f32 s0, s1, s2", "vadd.f32 s3, s0, s2"], 3),
            (&["vmov r0, r1, s0, s1", "vmov s0, r0"], 3),
            (&["vldmia r0!, {s0, s1, s2}", "vpush {d8, d9}"], 4 + 5),
        ];
        for (text, expected) in floats {
            assert_eq!(Core::M4.cycles(&block(text), 2 * text.len() as u64), expected, "{text:?}");
        }
    }
}
