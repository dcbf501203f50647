//! A model of the Cortex-M7, which starts two instructions at once where it can. Arm publishes no table of it. What follows is LLVM's
//! model (`llvm/lib/Target/ARM/ARMScheduleM7.td`): the units, who goes with whom, and when an operand must be there.
//!
//! Two things are not in it. A list of registers moves two words a cycle, as LDRD and STRD do (in LLVM all lists take one cycle). Branches
//! are predicted, but for the end of a loop, which costs LLVM's `MispredictPenalty`. Memory answers at once.

use crate::instruction::Instruction;
use std::collections::HashMap;

/// The cycles lost where a loop ends, which was predicted to go on.
const MISPREDICTED: u64 = 4;

/// What only so many instructions can have in one cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Load,
    Store,
    Alu,
    Shift,
    Simd,
    Mac,
    Branch,
    Float,
    /// A way to the FPU's registers.
    Port,
}

impl Unit {
    fn count(self) -> usize {
        match self {
            Self::Load | Self::Alu | Self::Port => 2,
            _ => 1,
        }
    }
}

/// Which of the two that start at once an instruction may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Any,
    First,
    /// It starts alone, and nothing starts for so many cycles.
    Alone(u64),
}

/// A register: r0 to r15, s0 to s31, or the flags.
type Register = u8;
const FLAGS: Register = 48;

/// What an instruction needs and gives.
#[derive(Debug)]
struct Class {
    units: Vec<Unit>,
    slot: Slot,
    /// The cycles from its start to its result.
    latency: i64,
    /// Registers, and how many cycles after its start each is read: -1 for addresses and what is shifted, 1 to 3 for what is
    /// added to or stored.
    reads: Vec<(Register, i64)>,
    writes: Vec<Register>,
    /// The base of a load or store that is changed: its new value is there at once.
    base: Option<Register>,
}

/// The cycles of a block of instructions that is executed from its first to its last, and goes on at `next`. What a loop of one
/// block takes is what one round more takes.
pub fn cycles(block: &[Instruction], next: u64) -> u64 {
    let (Some(first), Some(last)) = (block.first(), block.last()) else { return 0 };
    let classes: Vec<Class> = block.iter().map(Class::of).collect();
    let once = Pipeline::run(&classes, 1);
    if next == first.address {
        return Pipeline::run(&classes, 2) - once;
    }
    // A branch back that is not taken.
    let back =
        (last.is_conditional() || last.is(&["cb"])) && last.destination().is_some_and(|target| target <= last.address);
    once + if back && next == last.address + last.length { MISPREDICTED } else { 0 }
}

/// The instructions that have started.
#[derive(Default)]
struct Pipeline {
    /// The cycle in which the last ones started, and how many cycles they take.
    now: i64,
    taken: i64,
    /// How many they are, and whether another could join them.
    slots: usize,
    closed: bool,
    units: Vec<Unit>,
    /// When registers have their values.
    ready: HashMap<Register, i64>,
}

impl Pipeline {
    /// The cycles of some rounds.
    fn run(classes: &[Class], rounds: usize) -> u64 {
        let mut pipeline = Self::default();
        for _ in 0..rounds {
            for class in classes {
                pipeline.start(class);
            }
            // A taken branch ends what starts at once.
            pipeline.closed = true;
        }
        (pipeline.now + pipeline.taken).cast_unsigned()
    }

    fn start(&mut self, class: &Class) {
        let needed = class.reads.iter().filter_map(|(register, stage)| Some(self.ready.get(register)? - stage));
        let earliest = needed.max().unwrap_or(0);
        if earliest > self.now || !self.joins(class) {
            self.now = earliest.max(self.now + self.taken);
            (self.slots, self.closed) = (0, false);
            self.units.clear();
        }
        self.slots += 1;
        self.units.extend(&class.units);
        self.taken = 1;
        if let Slot::Alone(cycles) = class.slot {
            self.taken = cycles.cast_signed();
            self.closed = true;
        }
        // The last word of a list is there with its last cycle.
        let result = self.now + self.taken - 1 + class.latency;
        self.ready.extend(class.writes.iter().map(|&register| (register, result)));
        self.ready.extend(class.base.map(|register| (register, self.now)));
    }

    /// Whether it can start with what starts in this cycle.
    fn joins(&self, class: &Class) -> bool {
        let used = |unit: Unit| self.units.iter().chain(&class.units).filter(|&&other| other == unit).count();
        match self.slots {
            0 => !self.closed,
            1 => !self.closed && class.slot == Slot::Any && class.units.iter().all(|&unit| used(unit) <= unit.count()),
            _ => false,
        }
    }
}

impl Class {
    /// The rows of LLVM's model.
    fn of(instruction: &Instruction) -> Self {
        use Unit::{Alu, Branch, Float, Load, Mac, Port, Shift, Simd, Store};
        let is = |names: &[&str]| instruction.is(names);
        let mut operands = Operands::of(instruction);
        let (units, slot, latency): (&[Unit], Slot, i64) = if instruction.is_multiple() {
            let cycles = instruction.words().div_ceil(2).max(1);
            (if operands.stores { &[Store] } else { &[Load] }, Slot::Alone(cycles), 1)
        } else if is(&["ldrd"]) {
            (&[Load], Slot::Alone(1), 1)
        } else if is(&["strd"]) {
            (&[Store], Slot::Alone(1), 1)
        } else if is(&["vldr", "vstr"]) && instruction.operands.starts_with('d') {
            (if operands.stores { &[Store, Port, Port] } else { &[Load, Load, Port, Port] }, Slot::Alone(1), 2)
        } else if is(&["vldr"]) {
            (&[Load, Port], Slot::Any, 1)
        } else if is(&["vstr"]) {
            (&[Store, Port], Slot::Any, 1)
        } else if is(&["ldrb", "ldrh", "ldrs"]) {
            (&[Load], Slot::Any, 2)
        } else if is(&["ldr"]) {
            (&[Load], Slot::Any, 1)
        } else if is(&["str"]) {
            (&[Store], Slot::Any, 2)
        } else if instruction.is_branch() {
            (&[Branch], if is(&["tb"]) { Slot::Alone(2) } else { Slot::Any }, 2)
        } else if is(&["sdiv", "udiv"]) {
            (&[Alu], Slot::Alone(7), 1)
        } else if is(&["mul", "mla", "mls", "sml", "umla", "smm", "smu", "umul", "uma"]) {
            (&[Mac], Slot::Any, 2)
        } else if is(&["vdiv", "vsqrt"]) {
            (&[Float, Port], Slot::Alone(14), 3)
        } else if is(&["vfma", "vfms", "vfnm"]) {
            (&[Float, Port], Slot::Any, 5)
        } else if is(&["vmla", "vmls", "vnml"]) {
            (&[Float, Port], Slot::Any, 6)
        } else if is(&["vcmp"]) {
            (&[Float, Port], Slot::Any, 0)
        } else if is(&["vmrs", "vmsr"]) {
            (&[Float, Port], Slot::Alone(1), 1)
        } else if is(&["vmov"]) {
            let pair = operands.writes.len() > 1;
            (if pair { &[Port, Port] } else { &[Port] }, if pair { Slot::Alone(1) } else { Slot::Any }, 3)
        } else if is(&["v"]) {
            (&[Float, Port], Slot::Any, 3)
        } else if is(&["it", "nop"]) {
            (&[], Slot::Any, 0)
        } else if is(&["dsb", "dmb", "isb", "msr", "mrs", "svc", "bkpt", "cps"]) {
            (&[Alu], Slot::Alone(1), 3)
        } else if is(&["ssat", "usat", "qd"]) {
            operands.read_all_early();
            (&[Simd, Alu, Shift], Slot::First, 2)
        } else if is(&["q", "uq", "usad"]) {
            (&[Simd, Alu], Slot::First, 2)
        } else if is(&["rev", "rbit"]) {
            operands.read_all_early();
            (&[Simd, Alu, Shift], Slot::First, 0)
        } else if is(&["sbfx", "ubfx"]) {
            operands.read_all_early();
            (&[Simd, Alu, Shift], Slot::First, 1)
        } else if is(&["pkh", "sxta", "uxta"]) {
            operands.read_last_early();
            (&[Simd, Alu, Shift], Slot::First, 1)
        } else if is(&["sxt", "uxt", "sel", "sadd", "uadd", "ssub", "usub", "shadd", "uhadd", "shsub", "uhsub"])
            || is(&["sasx", "ssax", "uasx", "usax"])
        {
            (&[Simd, Alu], Slot::First, 1)
        } else if is(&["bfi", "bfc"]) {
            (&[Alu, Shift], Slot::First, 1)
        } else if is(&["clz"]) {
            (&[Alu], Slot::First, 1)
        } else if is(&["lsl", "lsr", "asr", "ror"]) {
            (&[Alu, Shift], Slot::Any, 1)
        } else if operands.shifted {
            operands.read_last_early();
            (&[Alu, Shift], Slot::Any, if is(&["cmp", "cmn", "tst", "teq"]) { 2 } else { 1 })
        } else {
            (&[Alu], Slot::Any, 1)
        };
        let Operands { reads, writes, base, .. } = operands;
        Self { units: units.to_vec(), slot, latency, reads, writes, base }
    }
}

/// The registers of an instruction.
struct Operands {
    reads: Vec<(Register, i64)>,
    writes: Vec<Register>,
    base: Option<Register>,
    stores: bool,
    /// Whether the last register is shifted first.
    shifted: bool,
}

impl Operands {
    fn of(instruction: &Instruction) -> Self {
        let is = |names: &[&str]| instruction.is(names);
        let text = &*instruction.operands;
        let stores = is(&["str", "stm", "push", "vstr", "vstm", "vpush"]);
        let memory = instruction.is_multiple() || instruction.is_single() || is(&["ldrd", "strd"]);
        let (data, address) = text.split_at(text.find(['[', '{']).unwrap_or(text.len()));
        let mut operands = Self { reads: Vec::new(), writes: Vec::new(), base: None, stores, shifted: false };
        if memory {
            // The base stands before a list; without one it is the stack's end.
            let (values, places) = if instruction.is_multiple() { (address, data) } else { (data, address) };
            let mut bases = registers(places);
            if is(&["push", "pop", "vpush", "vpop"]) {
                bases = vec![13];
            }
            operands.reads.extend(bases.iter().map(|&register| (register, -1)));
            let changed = text.contains('!') || text.contains("], ") || is(&["push", "pop", "vpush", "vpop"]);
            operands.base = bases.first().copied().filter(|_| changed);
            if stores {
                let stage = if is(&["vstr"]) { 2 } else { i64::from(!instruction.is_multiple()) };
                operands.reads.extend(registers(values).into_iter().map(|register| (register, stage)));
            } else {
                operands.writes = registers(values);
            }
            return operands;
        }
        let registers = registers(text);
        let compares = is(&["cmp", "cmn", "tst", "teq"]);
        let none = compares || instruction.is_branch() || is(&["vcmp", "vmsr", "msr", "it", "nop"]);
        let long = is(&["smull", "umull", "smlal", "umlal", "umaal"]);
        let targets = match () {
            () if none => 0,
            () if long || (is(&["vmov"]) && registers.len() > 2) => 2,
            () => usize::from(!registers.is_empty()),
        };
        operands.writes = registers[..targets].to_vec();
        operands.reads = registers[targets..].iter().map(|&register| (register, 0)).collect();
        // What is added to, and what is changed in a part.
        let late = match () {
            () if is(&["smlal", "umlal", "umaal"]) => Some((registers[..2].to_vec(), 1)),
            () if is(&["vfma", "vfms", "vfnm"]) => Some((registers[..1].to_vec(), 2)),
            () if is(&["vmla", "vmls", "vnml"]) => Some((registers[..1].to_vec(), 3)),
            () if is(&["movt", "bfi"]) => Some((registers[..1].to_vec(), 0)),
            () => None,
        };
        if let Some((late, stage)) = late {
            operands.reads.extend(late.into_iter().map(|register| (register, stage)));
        }
        if is(&["mla", "mls", "smlad", "smlsd", "smla", "smmla"])
            && !is(&["smlal"])
            && let Some((_, stage)) = operands.reads.last_mut()
        {
            *stage = 1;
        }
        // `adds r0, #1` and `adds r0, r1` read r0 too.
        let two = text.matches(',').count() == 1;
        if two && targets == 1 && is(TWO_OPERANDS) {
            operands.reads.push((registers[0], 0));
        }
        let vector = instruction.name.starts_with('v');
        if compares || (!vector && !none && instruction.name.ends_with('s') && instruction.name != "mls") {
            operands.writes.push(FLAGS);
        }
        if instruction.is_conditional() || is(&["it", "adc", "sbc"]) {
            operands.reads.push((FLAGS, 0));
        }
        operands.shifted = ["lsl #", "lsr #", "asr #", "ror #"].iter().any(|shift| text.contains(shift));
        operands
    }

    fn read_all_early(&mut self) {
        self.reads.iter_mut().for_each(|(_, stage)| *stage = -1);
    }

    fn read_last_early(&mut self) {
        if let Some((_, stage)) = self.reads.last_mut() {
            *stage = -1;
        }
    }
}

/// Names that read their first operand where there is one other.
const TWO_OPERANDS: &[&str] =
    &["add", "adc", "sub", "sbc", "rsb", "and", "orr", "orn", "eor", "bic", "mul", "lsl", "lsr", "asr", "ror", "q"];

/// The registers that a text names.
fn registers(text: &str) -> Vec<Register> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.flat_map(register).collect()
}

fn register(word: &str) -> Vec<Register> {
    let number = |rest: &str, most: u8| rest.parse::<u8>().ok().filter(|&number| number < most);
    let core = match word {
        "sb" => Some(9),
        "sl" => Some(10),
        "fp" => Some(11),
        "ip" => Some(12),
        "sp" => Some(13),
        "lr" => Some(14),
        "pc" => Some(15),
        _ => word.strip_prefix('r').and_then(|rest| number(rest, 16)),
    };
    let single = || word.strip_prefix('s').and_then(|rest| number(rest, 32)).map(|index| vec![16 + index]);
    let double =
        || word.strip_prefix('d').and_then(|rest| number(rest, 16)).map(|index| vec![16 + 2 * index, 17 + 2 * index]);
    core.map(|register| vec![register]).or_else(single).or_else(double).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &[&str]) -> Vec<Instruction> {
        let line =
            |(index, text): (usize, &&str)| Instruction::parse(&format!("0x{:08x}:  bf00       {text}", 2 * index));
        text.iter().enumerate().map(|each| line(each).unwrap()).collect()
    }

    #[track_caller]
    fn take(text: &[&str], expected: u64) {
        assert_eq!(cycles(&block(text), 2 * text.len() as u64), expected, "{text:?}");
    }

    #[test]
    fn two_start_at_once_where_units_and_registers_allow() {
        take(&["adds r0, r1, r2", "adds r3, r4, r5"], 1);
        take(&["adds r0, r1, r2", "adds r3, r0, r5"], 2);
        take(&["adds r0, r1, r2", "adds r3, r4, r5", "adds r6, r1, r2"], 2);
        take(&["ldr r0, [r1]", "ldr r2, [r3]"], 1);
        take(&["str r0, [r1]", "str r2, [r3]"], 2);
        take(&["smlad r0, r1, r2, r0", "smlad r3, r1, r2, r3"], 2);
        take(&["smlad r0, r1, r2, r0", "ldr r3, [r4]"], 1);
        take(&["add r0, r1, r2, lsl #8", "add r3, r4, r5, lsl #8"], 2);
        take(&["vfma.f32 s0, s1, s2", "vfma.f32 s3, s1, s2"], 2);
        take(&["vfma.f32 s0, s1, s2", "vldr s3, [r0]"], 1);
        take(&["vldr d0, [r0]", "adds r0, #1"], 2);
    }

    #[test]
    fn some_start_first_or_alone() {
        take(&["sxtb16 r0, r1", "smlad r2, r3, r4, r2"], 1);
        take(&["smlad r2, r3, r4, r2", "sxtb16 r0, r1"], 2);
        take(&["vmov r0, r1, s0, s1", "adds r2, #1"], 2);
        take(&["ldm r0!, {r1, r2, r3}", "adds r4, #1"], 3);
        take(&["ldrd r0, r1, [r2]", "adds r4, #1"], 2);
        take(&["sdiv r0, r1, r2", "adds r4, #1"], 8);
    }

    #[test]
    fn a_result_is_waited_for() {
        // An address must be there a cycle before, and a byte comes a cycle later than a word.
        take(&["adds r0, r0, #4", "ldr r1, [r0]"], 3);
        take(&["ldr r0, [r1]", "adds r2, r0, #1"], 2);
        take(&["ldrb r0, [r1]", "adds r2, r0, #1"], 3);
        // The new base is there at once.
        take(&["ldr r0, [r1], #4", "ldr r2, [r1]"], 2);
        // A sum is needed a cycle after the factors.
        take(&["smlad r0, r1, r2, r0", "smlad r0, r3, r4, r0"], 2);
        take(&["smlad r0, r1, r2, r0", "smlad r3, r0, r4, r3"], 3);
        take(&["vfma.f32 s0, s1, s2", "vfma.f32 s0, s3, s4"], 4);
        take(&["vmul.f32 s0, s1, s2", "vadd.f32 s3, s0, s4"], 4);
        take(&["vldmia r0!, {s0, s1, s2, s3}", "vmul.f32 s0, s3, s3"], 3);
        take(&["subs r0, #1", "bne #0x1000"], 2);
    }

    #[test]
    fn a_loop_takes_what_a_round_more_takes_and_its_end_is_not_foreseen() {
        let text = ["ldr r1, [r0], #4", "subs r2, #1", "add r3, r3, r1", "bne #0"];
        assert_eq!(cycles(&block(&text), 0), 2);
        assert_eq!(cycles(&block(&text), 8), 2 + MISPREDICTED);
        assert_eq!(cycles(&block(&["bne #0x100"]), 2), 1);
        assert_eq!(cycles(&[], 0), 0);
    }
}
