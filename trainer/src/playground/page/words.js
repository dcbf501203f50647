// The page's words in English and Chinese.

import { state, onChange } from "./state.js";

const WORDS = {
  motto: ["Watch a network learn. Quantize it. Run it on a chip.", "看网络学习，把它量化，让它在芯片上运行。"],
  tab_points: ["Points", "平面上的点"],
  tab_digits: ["Digits", "手写数字"],
  language: ["中文", "English"],
  theme: ["Light or dark", "浅色或深色"],
  transport: ["Training", "训练"],
  reset: ["Reset (R): begin again with the same weights", "重置（R）：从相同的初始权重重新开始"],
  play: ["Play or pause (space)", "运行或暂停（空格）"],
  step: ["One epoch (S)", "训练一个周期（S）"],
  epoch: ["Epoch", "训练周期"],
  learning_rate: ["Learning rate", "学习率"],
  activation: ["Activation", "激活函数"],
  optimizer: ["Optimizer", "优化器"],
  regularization: ["Regularization", "正则化"],
  none: ["none", "无"],
  batch_size: ["Batch size", "批大小"],
  speed: ["Epochs a frame", "每帧周期数"],
  data: ["Data", "数据"],
  circle: ["Circle", "圆"],
  xor: ["XOR", "异或"],
  gaussian: ["Gaussian", "高斯"],
  spiral: ["Spiral", "螺旋"],
  moons: ["Moons", "月牙"],
  quality: ["Quality", "质检"],
  plane: ["Plane", "平面"],
  hills: ["Hills", "山丘"],
  own: ["My own", "自己的点"],
  class: ["Class of new points", "新点的类别"],
  orange: ["orange", "橙"],
  blue: ["blue", "蓝"],
  open_table: ["Open a .csv", "打开 .csv"],
  clear: ["Clear", "清空"],
  own_hint: ["Click into the output to add points (with Shift, of the other class), or drop a .csv: x1, x2, class or value.", "在输出图中点击以添加点（按住 Shift 为另一类），或拖入 .csv 文件：x1、x2、类别或数值。"],
  noise: ["Noise", "噪声"],
  test_share: ["Test share", "测试集比例"],
  new_data: ["Draw anew", "重新生成"],
  show_test: ["Show test data", "显示测试数据"],
  discretize: ["Discretize", "离散化输出"],
  network: ["Network", "网络"],
  layers: ["hidden layers", "个隐藏层"],
  layer_1: ["hidden layer", "个隐藏层"],
  add_layer: ["Add a layer", "增加一层"],
  remove_layer: ["Remove a layer", "减少一层"],
  add_neuron: ["Add a neuron", "增加一个神经元"],
  remove_neuron: ["Remove a neuron", "减少一个神经元"],
  new_weights: ["New weights", "新的初始权重"],
  network_hint: ["Click an input to use it or not; click a neuron or a line to edit its weights; point at a neuron to see its field large.", "点击输入以启用或停用；点击神经元或连线以编辑权重；指向神经元可放大查看。"],
  close: ["Close", "关闭"],
  bias: ["bias", "偏置"],
  neuron: ["Neuron", "神经元"],
  output_neuron: ["Output", "输出"],
  output: ["Output", "输出"],
  weights: ["Weights", "权重"],
  ternary: ["ternary", "三值"],
  loss: ["Loss", "损失"],
  accuracy: ["Accuracy", "准确率"],
  train: ["Train", "训练"],
  test: ["Test", "测试"],
  on_a_chip: ["On a chip", "在芯片上"],
  parameters: ["Parameters", "参数"],
  flash: ["Flash", "闪存"],
  ram: ["RAM", "内存"],
  instructions: ["Instructions", "指令数"],
  bytes: ["bytes", "字节"],
  for_model: ["for the model", "仅模型"],
  with_program: ["{} with the program", "含程序 {}"],
  per_answer: ["for one answer, {}", "每次推断，{}"],
  measuring: ["measuring …", "测量中……"],
  run_on_chip: ["Run on the chip", "在芯片上运行"],
  look_for_board: ["Look for a board", "查找开发板"],
  board: ["Chip on the board", "开发板上的芯片"],
  run_on_board: ["Flash and run on the board", "烧录并在开发板上运行"],
  looking: ["Looking for a debug probe …", "正在查找调试器……"],
  tabs: ["What to see", "页面"],
  running: ["The chip is at work …", "芯片正在运行……"],
  chip_agrees: ["{core}: {n} answers, drawn as dots over the page's; all bits equal. {count} {unit} each.", "{core}：{n} 个结果以圆点叠加显示，与本页逐位一致。每个 {count} 条指令。"],
  chip_differs: ["{core}: {n} answers; {different} differ from the page's.", "{core}：{n} 个结果，其中 {different} 个与本页不同。"],
  download: ["Take home", "下载"],
  firmware: ["Firmware", "固件工程"],
  test_csv: ["Test data", "测试数据"],
  recipe: ["Recipe", "训练配方"],
  draw: ["Draw a digit", "写一个数字"],
  draw_hint: ["With the mouse or a finger; or with the arrow keys, the space bar lowering and lifting the pen.", "用鼠标或手指书写；也可用方向键移动，空格键落笔或提笔。"],
  wipe: ["Wipe", "擦除"],
  also_on_chip: ["Also on the chip", "同时在芯片上识别"],
  answer: ["The network reads", "网络的回答"],
  inside: ["What it sees", "网络看到的"],
  seen: ["28 × 28 pixels", "28 × 28 像素"],
  first_layer: ["First layer: 392 neurons", "第一层：392 个神经元"],
  second_layer: ["Second layer: 392 neurons", "第二层：392 个神经元"],
  inside_hint: ["models/mnist in int8, evaluated by the chip's runtime: the ink fitted and centered as in MNIST, then each layer's integers.", "models/mnist 的 int8 模型，由芯片的运行时计算：笔迹按 MNIST 的方式缩放并居中，然后是各层的整数。"],
  chip_reads: ["{core} reads {digit}: {count} {unit}.", "{core} 识别为 {digit}：{count} 条指令。"],
  sure: ["sure to {}", "把握 {}"],
  draw_first: ["nothing drawn yet", "尚未书写"],
  lost: ["The playground has ended. Start it again with: thumbnet playground", "服务已结束。请重新启动：thumbnet playground"],
  frames: ["{frames} frames/s · {epochs} epochs/s", "{frames} 帧/秒 · {epochs} 周期/秒"],
  fail: ["fail", "不合格"],
  pass: ["pass", "合格"],
};

let language = null;

// All other modules come after this one, so that they find the words of the chosen language.
onChange(() => {
  const chosen = state.lang || (navigator.language.startsWith("zh") ? "zh" : "en");
  const next = chosen === "zh" ? 1 : 0;
  if (language === next) return;
  language = next;
  document.documentElement.lang = language ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-title]")) {
    element.title = say(element.dataset.title);
    element.setAttribute("aria-label", element.title);
  }
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
});

/** The language in use. */
export const isChinese = () => language === 1;

/** A word, with `{name}` replaced by the values' (a single value replaces `{}`). */
export function say(key, values = {}) {
  const text = WORDS[key]?.[language ?? 0] ?? key;
  return text.replace(/\{(\w*)\}/g, (_, name) => (name ? values[name] : values));
}

/** Writes a text into an element, unless it stands there: even the same text would be laid out anew. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A whole number with its thousands apart. */
export const number = (value) => Math.round(value).toLocaleString("en-US");
