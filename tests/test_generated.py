from tests.docs_scripts import load_script

pages = load_script("generated")


def test_the_reference_of_a_command_has_every_option_of_its_help_and_of_its_own_commands():
    import re

    from typer.testing import CliRunner

    from saliencynoise.cli.app import app

    texts = dict(pages.command_pages())
    for command in (["bench"], ["pools", "export"], ["show"]):
        printed = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"}).stdout
        options = set(re.findall(r"^│ +[*]? *(?:-\w, *)?(--[a-z][a-z-]+)", printed, re.MULTILINE)) - {"--help"}
        assert len(options) > 1
        missing = {option for option in options if option not in texts[command[0]]}
        assert not missing, command
    assert "## pools export" in texts["pools"]


def test_the_page_of_a_method_has_its_parameters_with_defaults_and_a_link_to_its_paper():
    text = dict(pages.method_pages())["smoothgrad"]
    assert "| `sigma` | `0.15` | `float` |" in text
    assert "https://arxiv.org/abs/1706.03825" in text


def test_signs_of_help_texts_are_no_markup_and_options_are_code():
    assert pages.prose("`bench` -- finds") == "`bench` -- finds"
    assert pages.prose("as 'a_*' with --init <x>") == r"as 'a\_\*' with `--init` \<x\>"
