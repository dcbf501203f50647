"""Uses the playground in a real browser (headless Chromium): trains the spiral, adds a layer, switches to integers, edits a weight, adds
own points, runs the chip, draws a digit, takes a model home and evaluates it with the command line. Nothing may appear in the console.

    target/venv/bin/python tests/python/playground.py [--pictures docs] [--no-chip]"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tolerances import tolerance

ROOT = pathlib.Path(__file__).parents[2]
BINARY = ROOT / "target/release/thumbnet"
SWITCHES = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-breakpad --hide-scrollbars""".split()
# All of this takes no longer than so many seconds, or is ended.
DEADLINE = 400
# The chip's program may have to be built first.
BUILD = 180
# What the browser does not answer within so many seconds, it never does.
PATIENCE = 30
# Points of a stroke, in shares of the paper's side.
DIGITS = {
    1: [(0.42, 0.28), (0.53, 0.17), (0.52, 0.82)],
    3: [(0.3, 0.25), (0.5, 0.15), (0.68, 0.27), (0.62, 0.42), (0.45, 0.49), (0.64, 0.56), (0.7, 0.72), (0.5, 0.85), (0.3, 0.78)],
    7: [(0.28, 0.2), (0.72, 0.2), (0.6, 0.45), (0.46, 0.84)],
}


class Page:
    """The page in a browser of its own."""

    def __init__(self, width: int, height: int, downloads: pathlib.Path, scale: float = 1) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        for switch in [*SWITCHES, f"--user-data-dir={self.profile.name}", f"--window-size={width},{height}"]:
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        self.service = Service(shutil.which("chromedriver"), log_output=subprocess.DEVNULL)
        try:
            self.driver = webdriver.Chrome(options=options, service=self.service)
        except BaseException:
            self.kill()
            raise
        self.driver.command_executor.client_config.timeout = PATIENCE
        self.driver.set_page_load_timeout(PATIENCE)
        self.driver.set_script_timeout(PATIENCE)
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, url: str) -> float:
        """Opens an address anew and gives the seconds until the first frame is drawn."""
        self.driver.get("about:blank")
        begin = time.monotonic()
        self.driver.get(url)
        self.until("the first frame", lambda: self.script("return document.documentElement.dataset.ready"))
        return time.monotonic() - begin

    def script(self, text: str, *arguments):
        return self.driver.execute_script(text, *arguments)

    def find(self, selector: str):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def text(self, selector: str) -> str:
        return self.find(selector).get_property("textContent")

    def number(self, selector: str) -> float:
        return float(self.text(selector).replace(",", "").split()[0])

    def until(self, what: str, condition, seconds: float = 60):
        """Waits until the condition holds, and gives its value."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise SystemExit(f"error: playground: waited {seconds} s for {what}; the page says {self.said()!r}")
            time.sleep(0.02)
        return value

    def said(self) -> str:
        """What the page says in words: errors, and what the chip answers."""
        return " ".join(self.text(place) for place in ["#message", "#instructions-more", "#chip-says", "#chip-digit"]).strip()

    def drop(self, name: str, text: str) -> None:
        """Drops a file on the page, with the events of a real drag."""
        self.script("""const data = new DataTransfer();
            data.items.add(new File([arguments[1]], arguments[0], { type: "text/csv" }));
            const drag = (type) => new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
            const target = document.getElementById("field");
            if (target.dispatchEvent(drag("dragover"))) throw new Error("the page does not take the drag");
            if (target.dispatchEvent(drag("drop"))) throw new Error("the browser would open the file");""", name, text)

    def draw(self, digit: int) -> str:
        """Draws a digit and gives what the page reads."""
        self.click("#wipe")
        paper = self.find("#paper")
        side = paper.rect["width"]
        points = [(round((x - 0.5) * side), round((y - 0.5) * side)) for x, y in DIGITS[digit]]
        actions = ActionChains(self.driver, duration=20).move_to_element_with_offset(paper, *points[0]).click_and_hold()
        for point in points[1:]:
            actions.move_to_element_with_offset(paper, *point)
        actions.release().perform()
        self.until("an answer", lambda: self.text("#digit") != "·")
        time.sleep(0.3)
        return self.text("#digit")

    def check_console(self) -> None:
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        assert not messages, f"the console has {messages}"

    def check_layout(self) -> None:
        """Nothing sticks out to the right, and no sections overlap."""
        width, inner = self.script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= inner, f"the page is {width} wide in a window of {inner}"
        boxes = self.script("""return [...document.querySelectorAll("section")].map((s) => s.getBoundingClientRect())
            .filter((b) => b.width).map((b) => [b.left, b.top, b.right, b.bottom])""")
        for k, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[k + 1 :]:
                apart = other[0] >= right - 1 or other[2] <= left + 1 or other[1] >= bottom - 1 or other[3] <= top + 1
                assert apart, f"{boxes[k]} and {other} overlap"

    def close(self) -> None:
        try:
            self.driver.quit()
        finally:
            self.kill()

    def kill(self) -> None:
        """Ends what is left of the driver and the browser, which is known by its profile, also if it answers no more."""
        for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if self.profile.name.encode() in command.read_bytes():
                    os.kill(int(command.parent.name), signal.SIGKILL)
        if self.service.process:
            self.service.process.kill()
            self.service.process.wait(PATIENCE)
        self.profile.cleanup()


@contextlib.contextmanager
def server():
    """A playground on a free port: its address, and the seconds until it answered."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [BINARY, "--json", "--quiet", "playground", "--port", "0", "--no-open"], stdout=subprocess.PIPE, text=True
    )
    try:
        url = json.loads(process.stdout.readline())["url"]
        yield url, time.monotonic() - begin
    finally:
        process.terminate()
        try:
            code = process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            code = "nothing, but had to be killed"
    assert code == 0, f"the playground ended with {code}"


def give_up(number: int, _frame) -> None:
    """A signal's handler: leaves through all `finally`."""
    why = f"not done within {DEADLINE} s" if number == signal.SIGALRM else "was told to end"
    raise SystemExit(f"error: playground: {why}")


def evaluate(model: pathlib.Path, *options: str) -> dict:
    """What `thumbnet evaluate` says of a model."""
    command = [BINARY, "--json", "evaluate", model, *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout)


def learn_spiral(page: Page, url: str) -> None:
    """Opens the page, counts what it loads and how often it draws, and learns the spiral."""
    seconds = page.open(url + "#lang=en")
    loaded = page.script("""return ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
        .map((entry) => [entry.name, entry.decodedBodySize])""")
    size = sum(size for _, size in loaded)
    print(f"first frame after {seconds:.2f} s; {len(loaded)} files of {size:,} bytes")
    assert seconds < 1, f"{seconds} s until the page can be used"
    assert 20_000 < size < 300_000 and all(name.startswith(url) for name, _ in loaded), loaded
    page.click("#play")
    page.until("some epochs", lambda: page.number("#epoch") > 20)
    drawn, asked = page.script("""let [drawn, asked] = [0, 0];
        new MutationObserver(() => drawn++).observe(document.getElementById("epoch"), { childList: true });
        const begin = performance.now();
        return new Promise((done) => requestAnimationFrame(function count(now) {
            asked++;
            if (now - begin < 2000) requestAnimationFrame(count);
            else done([drawn, asked].map((n) => (n / (now - begin)) * 1000));
        }));""")
    print(f"training 2-8-8-1: {drawn:.0f} pictures a second in {asked:.0f} frames of the browser")
    # A busy machine draws less often, but nothing waits for the training.
    assert drawn > 10, f"{drawn} pictures a second"
    page.until("a test loss under 0.05", lambda: page.number("#test-loss") < 0.05, 60)
    page.click("#play")
    page.until("a pause", lambda: page.find("#play").get_attribute("aria-pressed") == "false")
    print(f"spiral: test loss {page.text('#test-loss')} after {page.text('#epoch')} epochs")


def take_home(page: Page, downloads: pathlib.Path) -> None:
    """Switches to integers, takes the model and the test data home, and evaluates them with the command line."""
    float_loss = page.text("#test-loss")
    page.click('#weights [data-value="int8"]')
    page.until("integers", lambda: page.text("#field-name") == "int8" and page.text("#test-loss") != float_loss)
    loss, accuracy = page.number("#test-loss"), page.number("#test-accuracy")
    for form in ["tnet", "onnx", "project", "data", "recipe"]:
        page.click(f'[data-form="{form}"]')
        time.sleep(0.3)
    names = ["spiral-int8.tnet", "spiral-int8.onnx", "spiral-int8.zip", "spiral-test.csv", "spiral.toml"]
    page.until("five files", lambda: all((downloads / name).exists() for name in names))
    for name in ["spiral-int8.tnet", "spiral-int8.onnx"]:
        for data in ["spiral", downloads / "spiral-test.csv"]:
            found = evaluate(downloads / name, "--data", str(data))
            same_loss = abs(found["loss"] - loss) < tolerance("SHOWN_LOSS")
            assert same_loss and abs(100 * found["accuracy"] - accuracy) < tolerance("SHOWN_PERCENT"), f"{found}, {loss}"
    print(f"int8: loss {loss}, accuracy {accuracy} %, and the command line says so too")


def change_network(page: Page) -> None:
    """Adds and removes layers, neurons and inputs, and edits a weight."""
    count = page.number("#parameters")
    page.click("#add-layer")
    page.until("a layer more", lambda: page.number("#parameters") == count + 8 * 8 + 8)
    assert page.text("#epoch") == "0" and "layers=8,8,8" in page.driver.current_url
    page.click("#remove-layer")
    page.click('#diagram .stepper button[aria-label="Add a neuron (1)"]')
    page.until("a neuron more", lambda: page.number("#parameters") == 2 * 9 + 9 + 9 * 8 + 8 + 8 + 1)
    page.click('#diagram .node[aria-label="sin x₁"]')
    page.until("an input more", lambda: page.number("#parameters") == 3 * 9 + 9 + 9 * 8 + 8 + 8 + 1)
    before = page.text("#test-loss")
    page.click('#diagram .node[aria-label="Output"]')
    bias = page.find("#editor input")
    bias.send_keys(Keys.CONTROL, "a")
    bias.send_keys("5")
    page.until("another loss", lambda: page.text("#test-loss") != before)
    bias.send_keys(Keys.ESCAPE)
    page.until("the editor's end", lambda: not page.find("#editor").is_displayed())


def use_keys(page: Page, url: str) -> None:
    """Plays, steps and resets with the keyboard, and finds the state in the address."""
    page.open(url + "#lang=en&data=moons&layers=4&act=tanh&weights=int4")
    assert page.find("#activation").get_property("value") == "tanh" and page.text("#field-name") == "int4"
    body = page.find("body")
    body.send_keys("s")
    page.until("an epoch", lambda: page.text("#epoch") == "1")
    body.send_keys(" ")
    page.until("some epochs", lambda: page.number("#epoch") > 50)
    body.send_keys("r")
    page.until("the beginning", lambda: page.text("#epoch") == "0")
    Select(page.find("#learning-rate")).select_by_value("0.03")
    assert "rate=0.03" in page.driver.current_url
    tab = lambda: page.script("return [document.activeElement.id, document.querySelector('main:not([hidden])').id]")
    page.find("#tab-points").send_keys(Keys.ARROW_RIGHT)
    for key, name in [("", "digits"), (Keys.ARROW_RIGHT, "points"), (Keys.ARROW_LEFT, "digits"), (Keys.HOME, "points"), (Keys.END, "digits"), (Keys.HOME, "points")]:
        if key:
            page.driver.switch_to.active_element.send_keys(key)
        assert tab() == [f"tab-{name}", name], f"{tab()} instead of {name}"
        others = page.script("return [...document.querySelectorAll('[role=tab]')].filter((tab) => tab.tabIndex === 0).map((tab) => tab.id)")
        assert others == [f"tab-{name}"], f"the Tab key leads to {others}"
    page.click("#language")
    page.until("Chinese", lambda: page.text("#data h2") == "数据")
    page.click("#theme")
    assert page.script("return getComputedStyle(document.body).color") == "rgb(233, 236, 239)"


def own_points(page: Page, url: str, folder: pathlib.Path) -> None:
    """Adds points with mouse and keyboard, and reads a table."""
    page.open(url + "#lang=en&data=own&test=10")
    field = page.find("#field")
    for x, y in [(-60, 60), (-80, 20), (-50, 90)]:
        ActionChains(page.driver).move_to_element_with_offset(field, x, y).click().perform()
    for x, y in [(60, -60), (90, -20)]:
        ActionChains(page.driver).move_to_element_with_offset(field, x, y).key_down(Keys.SHIFT).click().key_up(Keys.SHIFT).perform()
    field.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    page.click("#step")
    page.until("an epoch", lambda: page.text("#epoch") == "1")
    table = folder / "sheet.csv"
    table.write_text("a,b,height\n" + "".join(f"{x},{y},{x * y / 4}\n" for x in range(-3, 4) for y in range(-3, 4)))
    page.find("#table").send_keys(str(table))
    page.until("values", lambda: page.text("#test-accuracy") == "–")
    page.click("#play")
    page.until("a fit", lambda: page.number("#train-loss") < 0.05)
    page.click("#play")
    page.drop("dropped.csv", "a,b,kind\n" + "".join(f"{x},{y},{'up' if y > x else 'down'}\n" for x in range(-3, 4) for y in range(-3, 4)))
    page.until("classes", lambda: page.text("#test-accuracy").endswith("%"))
    page.until("their names", lambda: "up" in page.text("#legend") and "down" in page.text("#legend"))
    page.open(url + "#lang=en&data=circle")
    page.drop("elsewhere.csv", "1,2,0\n2,1,1\n3,4,0\n4,3,1\n")
    page.until("the own points", lambda: "data=own" in page.driver.current_url and page.find("#own").is_displayed())
    bad = folder / "bad.csv"
    bad.write_text("1,2,3\n4,,6\n")
    page.find("#table").send_keys(str(bad))
    page.until("the reason", lambda: page.text("#message").startswith("bad.csv:2: column"))


def run_chip(page: Page, url: str) -> None:
    """Measures, and compares the chip's answers; the first time, the chip's program is built."""
    page.open(url + "#lang=en&weights=int8")
    page.until("a measurement", lambda: "Cortex-M4" in page.text("#instructions-more"), BUILD)
    page.click("#play")
    page.until("some epochs", lambda: page.number("#epoch") > 300)
    page.click("#run")
    page.until("the chip", lambda: page.find("#chip-says").get_attribute("data-different"), 30)
    assert page.find("#chip-says").get_attribute("data-different") == "0", page.text("#chip-says")
    print(page.text("#chip-says"))


def ask_for_a_board(page: Page, url: str) -> None:
    """Without a debug probe, the page says so in a line, and asks for no chip."""
    page.open(url + "#lang=en")
    page.click("#look")
    page.until("an answer about the probe", lambda: "probe" in page.text("#chip-says") and "…" not in page.text("#chip-says"))
    if "no debug probe is connected" in page.text("#chip-says"):
        assert not page.find("#run-board").is_displayed() and page.find("#look").is_displayed()
    else:
        assert page.find("#run-board").is_displayed() and not page.find("#look").is_displayed()
    print(page.text("#chip-says"))


def draw_digits(page: Page, url: str, chip: bool) -> None:
    page.open(url + "#lang=en&tab=digits")
    for digit in DIGITS:
        assert page.draw(digit) == str(digit), f"a {digit} was read as {page.text('#digit')}"
    if chip:
        page.click("#on-chip")
        page.until("the chip's answer", lambda: page.find("#chip-digit").get_attribute("data-digit"), BUILD)
        assert page.find("#chip-digit").get_attribute("data-digit") == page.text("#digit")
        print(page.text("#chip-digit"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=pathlib.Path, help="the documents' folder, where to write their pictures")
    parser.add_argument("--no-chip", action="store_true", help="leave out what needs QEMU")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, give_up)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(DEADLINE)

    def picture(page: Page, language: str, name: str) -> None:
        if arguments.pictures:
            path = arguments.pictures / language / "src/pictures" / f"{name}.png"
            page.driver.save_screenshot(str(path))
            assert path.stat().st_size < 300_000, f"{path} has {path.stat().st_size} bytes"

    with tempfile.TemporaryDirectory() as folder, server() as (url, seconds):
        print(f"served after {seconds:.2f} s")
        folder = pathlib.Path(folder)
        desk = Page(1440, 900, folder)
        try:
            learn_spiral(desk, url)
            desk.check_layout()
            take_home(desk, folder)
            change_network(desk)
            use_keys(desk, url)
            own_points(desk, url, folder)
            ask_for_a_board(desk, url)
            if not arguments.no_chip:
                run_chip(desk, url)
            draw_digits(desk, url, not arguments.no_chip)
            desk.check_layout()
            desk.check_console()
        finally:
            desk.close()
        # At a smaller scale, so that pictures stay small.
        small = Page(1440, 900, folder, 0.8)
        try:
            for language, words in [("en", "theme=light&weights=int8"), ("zh", "theme=dark&weights=int4")]:
                small.open(f"{url}#lang={language}&{words}")
                small.click("#play")
                small.until("a low loss", lambda: small.number("#train-loss") < 0.05 and small.number("#epoch") > 400)
                small.click("#play")
                small.until("a measurement", lambda: arguments.no_chip or "Cortex-M4" in small.text("#instructions-more"))
                small.check_layout()
                picture(small, language, "playground")
                small.open(f"{url}#tab=digits&lang={language}&{words.split('&')[0]}")
                assert small.draw(3) == "3"
                small.check_layout()
                picture(small, language, "playground-digits")
            small.check_console()
        finally:
            small.close()
        phone = Page(390, 844, folder)
        try:
            phone.open(url + "#lang=en&layers=8,8,8,8,8,8")
            phone.check_layout()
            phone.open(url + "#lang=en&tab=digits")
            phone.check_layout()
            assert phone.draw(3) == "3"
            phone.open(url + "#lang=zh&theme=dark")
            phone.click("#play")
            phone.until("a low loss", lambda: phone.number("#train-loss") < 0.05)
            phone.check_layout()
            phone.check_console()
        finally:
            phone.close()
    print("the playground works")


if __name__ == "__main__":
    main()
